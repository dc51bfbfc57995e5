-- One row per line of the parcels of `reported_shipments`; key shipment_id, line_id. A count as of later than the
-- parcel left does not hold its pieces any more.
insert into core.shipment_lines (
    shipment_id, order_id, line_id, fulfillment_order_id, warehouse_id, sku_id, quantity, is_in_on_hand
)
select
    l.shipment_id,
    r.order_id,
    r.line_id,
    r.fulfillment_order_id,
    r.warehouse_id,
    r.sku_id,
    l.quantity,
    p.shipped_at > s.counted_at
from reported_lines as l
inner join core.shipments as p on l.shipment_id = p.shipment_id
inner join core.reservations as r on p.fulfillment_order_id = r.fulfillment_order_id and l.line_id = r.line_id
inner join core.stock as s on r.warehouse_id = s.warehouse_id and r.sku_id = s.sku_id
on conflict do nothing
