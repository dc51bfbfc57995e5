-- One row per gift rule and order of this pass whose conditions hold now; key rule_id, order_id.
-- Goods that were refunded as a whole count for nothing: neither for the amount nor as the line that earns the gift.
create temporary table gift_verdicts on commit drop as
with bought as (
    select
        l.order_id,
        l.line_id,
        l.line_no,
        l.sku_id,
        l.paid_fen,
        l.gate,
        l.gate_reason
    from gift_orders as t
    inner join core.order_lines as l on t.order_id = l.order_id and l.kind in ('goods', 'bundle')
    left join core.line_refunds as r on l.order_id = r.order_id and l.line_id = r.line_id
    where l.refund_state <> 'refunded' and r.gate is distinct from 'stop'
),

amounts as (
    select order_id, sum(paid_fen) as paid_fen, bool_or(paid_fen is null) as is_unpriced
    from bought
    group by order_id
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
left join lateral (
    select b.line_id, b.gate, b.gate_reason
    from bought as b
    where b.order_id = o.order_id and b.sku_id = r.sku_id
    order by b.line_no, b.line_id
    limit 1
) as main on true
where o.lifecycle = 'live'
    and o.gate <> 'stop'
    and o.payment_state in ('paid', 'cod_accepted')
    and (r.sku_id is null or main.line_id is not null)
