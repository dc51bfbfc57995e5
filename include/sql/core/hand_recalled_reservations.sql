-- One row per active reservation of a document that people called back; key reservation_id.
create temporary table withdrawals on commit drop as
select r.reservation_id, r.fulfillment_order_id, r.warehouse_id, r.sku_id, r.quantity, h.reason
from core.hand_recalls as h
inner join core.reservations as r on h.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
where h.fulfillment_order_id = :document and h.state = 'agreed'
