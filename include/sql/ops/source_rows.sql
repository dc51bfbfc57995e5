-- One row per shop and kind whose paid or accepted orders were doubtful several times in a row in this pass; key shop_id, kind.
-- Gaps and islands over paid times; at volume three in a row is noise, so the share of doubtful orders must be there too.
with rule as (
    select * from ops.streaks where scope = 'source'
),
doubts as (
    select distinct o.shop_id, a.order_id, counted.kind
    from core.anomalies as a
    join core.orders as o using (order_id)
    cross join rule
    cross join lateral (values (a.kind), ('any')) as counted (kind)
    where o._checked_pass_id = :pass_id and a.state = 'open' and not a.is_false_alarm and a.kind = any (rule.kinds)
),
totals as (
    select * from unnest(cast(:shop_ids as text[]), cast(:live_counts as bigint[])) as counted (shop_id, order_count)
),
affected as (
    select doubts.shop_id, doubts.kind
    from doubts
    join rule on (doubts.kind = 'any') = (rule.mode = 'any')
    join totals on totals.shop_id = doubts.shop_id
    group by doubts.shop_id, doubts.kind
    having count(*) >= max(rule.length) and count(*) * 100 >= max(rule.minimum_percent) * max(totals.order_count)
),
-- Almost always no shop is affected, and nothing is read for it.
sequence as (
    select affected.shop_id, affected.kind, o.bought_at, o.order_id, doubts.order_id is not null as is_hit
    from affected
    cross join lateral (
        select order_id, was_checkable, ops.bought_at(payment_state, paid_at, placed_at) as bought_at
        from core.orders
        where shop_id = affected.shop_id and _checked_pass_id = :pass_id and lifecycle = 'live'
        offset 0
    ) as o
    left join core.receivers as r on r.order_id = o.order_id
    left join doubts on doubts.order_id = o.order_id and doubts.kind = affected.kind
    where o.bought_at is not null and o.was_checkable
        and (doubts.order_id is not null or affected.kind not in ('address', 'any') or r.address_verdict is not null)
),
islands as (
    select *, count(*) filter (where not is_hit) over (partition by shop_id, kind order by bought_at, order_id) as island
    from sequence
),
hits as (
    select *, lag(bought_at, (select length - 1 from rule)) over (partition by shop_id, kind, island order by bought_at, order_id) as begun_at
    from islands
    where is_hit
)
select
    hits.shop_id,
    hits.kind,
    count(*) as doubtful_count,
    (select count(*) from sequence as s where s.shop_id = hits.shop_id and s.kind = hits.kind) as order_count
from hits
group by hits.shop_id, hits.kind
having bool_or(hits.bought_at - hits.begun_at <= (select window_days * interval '1 day' from rule))
