-- One row per active reservation of a delivery order that its WMS gave back; key reservation_id.
create temporary table withdrawals on commit drop as
select
    r.reservation_id,
    r.fulfillment_order_id,
    r.warehouse_id,
    r.sku_id,
    r.quantity,
    coalesce(d.recall_reason, 'parcel_recalled') as reason
from core.delivery_orders as d
inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
where d.delivery_order_code = :code and d.state <> 'shipped'
