-- One row per gift rule and order of this pass whose conditions hold now; key rule_id, order_id.
create temporary table gift_verdicts on commit drop as
with amounts as (
    select order_id, sum(paid_fen) as paid_fen, bool_or(paid_fen is null) as is_unpriced
    from gift_goods
    group by order_id
),

-- The first line of a SKU earns what is given for it.
earning as (
    select distinct on (order_id, sku_id) order_id, sku_id, line_id, gate, gate_reason
    from gift_goods
    order by order_id, sku_id, line_no, line_id
)

select
    r.rule_id,
    o.order_id,
    r.gift_sku_id,
    r.quantity,
    r.first_count,
    coalesce(o.paid_at, o.placed_at) as bought_at,
    main.line_id as parent_line_id,
    coalesce(main.gate, 'ship') as gate,
    main.gate_reason
from amounts as a
inner join core.orders as o on a.order_id = o.order_id
inner join core.gift_rules as r
    on (r.shop_id is null or o.shop_id = r.shop_id)
    and (r.since_at is null or coalesce(o.paid_at, o.placed_at) >= r.since_at)
    and (r.until_at is null or coalesce(o.paid_at, o.placed_at) < r.until_at)
    and (
        r.min_amount_fen is null
        or case when a.is_unpriced then o.paid_fen - coalesce(o.freight_fen, 0) else a.paid_fen end >= r.min_amount_fen
    )
left join earning as main on o.order_id = main.order_id and r.sku_id = main.sku_id
where o.lifecycle = 'live'
    and (o.gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
    and o.payment_state in ('paid', 'cod_accepted')
    and (r.sku_id is null or main.line_id is not null)
