-- One row per parcel that no carrier has scanned as far as we know, the longest unasked first; key carrier_code, tracking_number,
-- warehouse_id. It is one shipment for every document in it. Nobody can ask about one without a number, or of a carrier
-- without a code (:nameless).
select
    array_agg(shipment_id order by shipment_id) as shipment_ids,
    carrier_code,
    tracking_number,
    warehouse_id
from core.shipments
where collected_at is null
    and tracking_number <> '-'
    and carrier_code <> all(cast(:nameless as text[]))
    and shipped_at < :sent_before
    and shipped_at > :sent_after
    and (traced_at is null or traced_at < :asked_before)
group by carrier_code, tracking_number, warehouse_id
order by min(traced_at) nulls first, min(shipped_at), min(shipment_id)
limit :most
