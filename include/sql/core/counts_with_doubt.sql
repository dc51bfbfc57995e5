-- Fewer pieces than promised may only mean that parcels left which nobody has told us of: as far as documents that
-- the WMS was not asked for since the as-of can explain it, or lists that a warehouse without a WMS had by then,
-- nothing is missing. Nothing new is promised from that.
with untold as (
    select r.sku_id, r.quantity
    from core.delivery_orders as d
    inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    where d.warehouse_id = :warehouse_id
        and d.state in ('pending', 'accepted')
        and (d.asked_at is null or d.asked_at < :as_of)
    union all
    select r.sku_id, r.quantity
    from core.stock as s
    inner join counts as c on s.warehouse_id = c.warehouse_id and s.sku_id = c.sku_id
    inner join core.reservations as r on s.warehouse_id = r.warehouse_id and s.sku_id = r.sku_id and r.state = 'active'
    inner join core.manifest_lines as l on r.order_id = l.order_id and r.line_id = l.line_id and not l.is_void
    inner join core.manifests as m on l.manifest_id = m.manifest_id
    where :is_file
        and s.warehouse_id = :warehouse_id
        and c.on_hand < s.reserved
        and not m.is_shadow
        and m.closed_at < :as_of
        and not exists (select from core.delivery_orders as d where d.fulfillment_order_id = r.fulfillment_order_id)
        and not exists (select from core.shipments as p where p.fulfillment_order_id = r.fulfillment_order_id)
),

unasked as (
    select sku_id, sum(quantity) as pieces
    from untold
    group by sku_id
)

update counts as c
set on_hand = least(s.reserved, c.on_hand + u.pieces), is_doubted = true
from core.stock as s
inner join unasked as u on s.sku_id = u.sku_id
where s.warehouse_id = c.warehouse_id and s.sku_id = c.sku_id and c.on_hand < s.reserved
