-- Takes back the waybills of parcels all of whose documents were cancelled; one row per waybill to cancel at its service, once each;
-- key fulfillment_order_id.
update core.waybills as w
set
    state = case when w.state = 'refused' then 'void' else 'void_requested' end,
    voided_at = case when w.state = 'refused' then cast(:now as timestamptz) end
from core.fulfillment_orders as f
where f.fulfillment_order_id = w.fulfillment_order_id
    and f.state = 'cancelled'
    and w.state in ('pending', 'got', 'refused')
    and not exists (
        select from core.merge_decisions as p
        inner join core.fulfillment_orders as x on p.fulfillment_order_id = x.fulfillment_order_id
        where p.parcel_id = w.fulfillment_order_id and x.state <> 'cancelled'
    )
returning
    w.object_id, w.carrier_id, w.manifest_id, w.chunk, w.state,
    w.tracking_number is not null as is_made
