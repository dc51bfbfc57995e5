-- One row per gift and order of this pass whose conditions hold now; key rule_id, order_id. What an order was promised
-- stands on the terms of that day: its row in gifts.csv may have changed since, or be gone. Rules are for the others.
-- The amount is what the goods cost that are left; of an order that is paid at the door, what a person told is meant, and
-- where its lines say nothing, what the order says.
create temporary table gift_verdicts on commit drop as
with amounts as (
    select order_id, sum(paid_fen) as paid_fen, bool_or(paid_fen is null) as is_unpriced
    from gift_goods
    group by order_id
),

bought as (
    select
        o.order_id,
        o.shop_id,
        coalesce(o.paid_at, o.placed_at) as bought_at,
        case
            when c.order_id is not null then (c.value ->> 'paid_fen')::bigint - coalesce(o.freight_fen, 0) - (
                select coalesce(sum(l.paid_fen), 0)
                from core.order_lines as l
                where l.order_id = o.order_id and l.kind in ('goods', 'bundle')
                    and not exists (select from gift_goods as g where g.order_id = l.order_id and g.line_id = l.line_id)
            )
            when a.is_unpriced or (a.paid_fen = 0 and o.payment_state = 'cod_accepted')
                then o.paid_fen - coalesce(o.freight_fen, 0)
            else a.paid_fen
        end as amount_fen
    from amounts as a
    inner join core.orders as o on a.order_id = o.order_id
    left join core.corrections as c
        on o.order_id = c.order_id and c.field = 'amount' and c.state = 'active' and o.payment_state = 'cod_accepted'
    where o.lifecycle = 'live'
        and (o.gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
        and o.payment_state in ('paid', 'cod_accepted')
),

terms as (
    select b.*, g.rule_id, g.gift_sku_id, g.quantity, g.sku_id, g.min_amount_fen, null::bigint as first_count
    from bought as b
    inner join core.gift_grants as g on b.order_id = g.order_id
    union all
    select b.*, r.rule_id, r.gift_sku_id, r.quantity, r.sku_id, r.min_amount_fen, r.first_count
    from bought as b
    inner join core.gift_rules as r
        on (r.shop_id is null or b.shop_id = r.shop_id)
        and (r.since_at is null or b.bought_at >= r.since_at)
        and (r.until_at is null or b.bought_at < r.until_at)
    where not exists (select from core.gift_grants as g where g.rule_id = r.rule_id and g.order_id = b.order_id)
),

-- The first line of a SKU earns what is given for it.
earning as (
    select distinct on (order_id, sku_id) order_id, sku_id, line_id, gate, gate_reason
    from gift_goods
    order by order_id, sku_id, line_no, line_id
)

select
    t.rule_id,
    t.order_id,
    t.gift_sku_id,
    t.quantity,
    t.first_count,
    t.bought_at,
    main.line_id as parent_line_id,
    coalesce(main.gate, 'ship') as gate,
    main.gate_reason
from terms as t
left join earning as main on t.order_id = main.order_id and t.sku_id = main.sku_id
where (t.min_amount_fen is null or t.amount_fen >= t.min_amount_fen)
    and (t.sku_id is null or main.line_id is not null)
