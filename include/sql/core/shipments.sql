-- One row per parcel of `reported_shipments`; key shipment_id. What is known stays as it is.
insert into core.shipments (
    shipment_id, fulfillment_order_id, order_id, warehouse_id, carrier_code, tracking_number, weight_g, source,
    shipped_at, recorded_at
)
select
    shipment_id, fulfillment_order_id, order_id, warehouse_id, carrier_code, tracking_number, weight_g, :source,
    shipped_at, :now
from reported_shipments
on conflict do nothing
