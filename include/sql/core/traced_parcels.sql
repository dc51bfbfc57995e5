-- Keeps what a parcel's trace says; the first scan that was seen stays.
update core.shipments
set traced_at = :now, collected_at = coalesce(collected_at, cast(:collected_at as timestamptz))
where shipment_id = any(:shipment_ids)
