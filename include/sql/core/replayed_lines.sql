-- One row per line that was up for routing between :since and :until, as `candidate_lines`; key order_id, line_id.
-- An order counts when its first document was made, else when it was last looked at in vain.
create temporary table candidate_lines on commit drop as
with asked as (
    select order_id
    from (
        select order_id, allocated_at as asked_at from core.fulfillment_orders
        union all
        select order_id, decided_at from core.routing_decisions where outcome not in ('allocated', 'split')
    ) as looked_at
    group by order_id
    having min(asked_at) >= :since and min(asked_at) < :until
),

lines as (
    select * from (
        select distinct on (r.order_id, r.line_id) r.order_id, r.line_id, r.sku_id, r.quantity
        from asked as a
        inner join core.fulfillment_orders as f on a.order_id = f.order_id
        inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id
        order by r.order_id, r.line_id, r.reserved_at
    ) as promised
    union all
    select l.order_id, l.line_id, l.sku_id, l.quantity
    from asked as a
    inner join core.line_readiness as l on a.order_id = l.order_id and l.blocked_by is null
    where not exists (select from core.fulfillment_orders as f where f.order_id = a.order_id)
)

select
    l.order_id,
    l.line_id,
    l.sku_id,
    l.quantity,
    o.shop_id,
    o.platform,
    o.version_id,
    o.ship_by_at,
    o.paid_at,
    r.province,
    r.city,
    o.paid_fen,
    coalesce(o.paid_at, o.placed_at) as bought_at,
    o.promotion_mark,
    case when o.customer_id is not null or not (s.is_pulled and s.is_buyer_named) then coalesce(t.tier, '') end as tier,
    t.tier_rank
from lines as l
inner join core.orders as o on l.order_id = o.order_id
left join core.receivers as r on l.order_id = r.order_id
left join core.shops as s on o.shop_id = s.shop_id
left join core.customer_tiers as t on o.shop_id = t.shop_id and o.customer_id = t.customer_id
