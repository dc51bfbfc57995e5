-- One row per active reservation of the :documents that their warehouse gave back, with their :reasons; key reservation_id.
create temporary table withdrawals on commit drop as
select r.reservation_id, r.fulfillment_order_id, r.warehouse_id, r.sku_id, r.quantity, c.reason
from unnest(cast(:documents as text[]), cast(:reasons as text[])) as c (fulfillment_order_id, reason)
inner join core.reservations as r on c.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
