-- Fewer pieces than promised may only mean that parcels left which nobody has told us of: as far as documents that
-- the WMS was not asked for since the as-of can explain it, nothing is missing. Nothing new is promised from that.
with unasked as (
    select r.sku_id, sum(r.quantity) as pieces
    from core.delivery_orders as d
    inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    where d.warehouse_id = :warehouse_id
        and d.state in ('pending', 'accepted')
        and (d.asked_at is null or d.asked_at < :as_of)
    group by r.sku_id
)

update counts as c
set on_hand = least(s.reserved, c.on_hand + u.pieces), is_doubted = true
from core.stock as s
inner join unasked as u on s.sku_id = u.sku_id
where s.warehouse_id = c.warehouse_id and s.sku_id = c.sku_id and c.on_hand < s.reserved
