-- One row per order of the pass that stands in a row of doubtful orders of one buyer: gaps and islands over paid times.
-- A buyer is the platform's open id, else the plain phone on that platform; never a name, never a null. Orders that were
-- not paid stand in no row. A masked address with nothing else wrong, and what was stopped before a check could see it, neither count nor end one.
-- What a source says wrongly as a whole, until a person resumes it, is no doubt and no proof: only a repeated order counts.
with rule as (select *, window_days * interval '1 day' as span from ops.streaks where scope = 'buyer'),
judged as not materialized (
    select order_id, platform, customer_id, case when customer_id is null then phone_hash end as phone_hash
    from {batch}
),
buyers as (
    select distinct judged.platform, judged.customer_id, judged.phone_hash
    from judged
    join core.anomalies as doubt on doubt.order_id = judged.order_id and doubt.state = 'open'
    join rule on doubt.kind = any (rule.kinds)
    where num_nonnulls(judged.customer_id, judged.phone_hash) > 0
),
-- Few buyers are doubtful: their orders are looked up, each by its key.
members as (
    select 'id ' || o.platform || ' ' || o.customer_id as buyer, o.order_id, o.platform, o.shop_id, o.lifecycle, o.gate, o.payment_state, o.was_checkable,
        o.paid_at, coalesce(o.paid_at, o.placed_at) as bought_at, o._pass_id
    from buyers
    cross join lateral (select * from core.orders where customer_id = buyers.customer_id and platform = buyers.platform offset 0) as o
    union all
    select 'phone ' || o.platform || ' ' || buyers.phone_hash, o.order_id, o.platform, o.shop_id, o.lifecycle, o.gate, o.payment_state, o.was_checkable,
        o.paid_at, coalesce(o.paid_at, o.placed_at), o._pass_id
    from buyers
    cross join lateral (select order_id from core.receivers where phone_hash = buyers.phone_hash offset 0) as r
    cross join lateral (select * from core.orders where order_id = r.order_id and platform = buyers.platform and customer_id is null offset 0) as o
),
doubts as materialized (
    select members.buyer, members.order_id, counted.kind, bool_or(doubt.kind = 'duplicate' or not exists (
        select from ops.source_stops as s where s.shop_id = members.shop_id and s._pass_id <= doubt._pass_id
            and (s.resumed_at is null or s.resumed_at > doubt.first_seen_at))) as is_hit
    from members
    join core.anomalies as doubt on doubt.order_id = members.order_id
    cross join rule
    cross join lateral (values (doubt.kind), ('any')) as counted (kind)
    where doubt.kind = any (rule.kinds) and not doubt.is_false_alarm
        and (doubt.state = 'open' or members.gate = 'stop' or members.order_id in (select order_id from core.withholdings))
    group by 1, 2, 3
),
sequence as (
    select members.buyer, counted.kind, members.bought_at, members.platform, members.order_id,
        coalesce(doubts.is_hit, false) as is_hit,
        rule.is_reset_by_clean and members.was_checkable and doubts.order_id is null and not exists (select from ops.source_stops as s
            where s.shop_id = members.shop_id and s._pass_id <= members._pass_id and s.resumed_at is null) as is_clean
    from members
    -- Whoever was doubtful less often than a row is long stands in none.
    join (select buyer from doubts where kind = 'any' and is_hit group by 1 having count(*) >= (select length from rule)) as likely using (buyer)
    left join lateral (select address_verdict from core.receivers where order_id = members.order_id offset 0) as r on true
    cross join rule
    cross join lateral unnest(case rule.mode when 'any' then array['any'] else rule.kinds end) as counted (kind)
    left join doubts on doubts.order_id = members.order_id and doubts.kind = counted.kind
    where members.lifecycle = 'live' and (members.paid_at is not null or members.payment_state = 'cod_accepted') and (
        doubts.order_id is not null or r.address_verdict is not null
        or not (counted.kind = 'address' or (counted.kind = 'any' and 'address' = any (rule.kinds)))
    )
),
islands as (select *, count(*) filter (where is_clean) over (partition by buyer, kind order by bought_at, platform, order_id) as island from sequence),
hits as (
    select *, lag(bought_at, (select length - 1 from rule)) over (partition by buyer, kind, island order by bought_at, platform, order_id) as begun_at
    from islands where is_hit
),
rows_of_hits as (
    select *, coalesce(bool_or(bought_at - begun_at <= (select span from rule)) over (
        partition by buyer, kind, island order by bought_at, platform, order_id
        rows between current row and (select length - 1 from rule) following), false) as is_in_row
    from hits
),
numbered as (
    select *, count(*) filter (where not is_in_row) over (partition by buyer, kind, island order by bought_at, platform, order_id) as row_number
    from rows_of_hits
)
select distinct on (order_id) order_id, kind, first_order_id
from (
    select *, first_value(order_id) over (partition by buyer, kind, island, row_number, is_in_row order by bought_at, platform, order_id) as first_order_id
    from numbered
) as named
where is_in_row and order_id in (select order_id from judged)
order by order_id, kind
