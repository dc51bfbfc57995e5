-- Takes back the waybills of documents that were cancelled; one row per waybill to cancel at its service, once each;
-- key fulfillment_order_id.
update core.waybills as w
set
    state = case when w.state = 'refused' then 'void' else 'void_requested' end,
    voided_at = case when w.state = 'refused' then cast(:now as timestamptz) end
from core.fulfillment_orders as f
where f.fulfillment_order_id = w.fulfillment_order_id
    and f.state = 'cancelled'
    and w.state in ('pending', 'got', 'refused')
returning w.object_id, w.carrier_id, w.manifest_id, w.chunk, w.state
