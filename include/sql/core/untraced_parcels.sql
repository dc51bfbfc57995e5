-- One row per parcel that no carrier has scanned as far as we know, the longest unasked first; key shipment_id.
select shipment_id, carrier_code, tracking_number, warehouse_id
from core.shipments
where collected_at is null
    and shipped_at < :sent_before
    and shipped_at > :sent_after
    and (traced_at is null or traced_at < :asked_before)
order by traced_at nulls first, shipped_at, shipment_id
limit :most
