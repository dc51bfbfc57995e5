-- Calls back the delivery orders of `stopped_documents` at their WMS, once for each cause.
-- One row per delivery order that is called back now; key fulfillment_order_id.
update core.delivery_orders as d
set recall = 'requested', recall_reason = s.reason, recalled_for = d.recalled_for || s.causes
from stopped_documents as s
where d.fulfillment_order_id = s.fulfillment_order_id and s.is_at_wms
returning
    d.fulfillment_order_id,
    d.delivery_order_code,
    d.warehouse_id,
    d.manifest_id,
    d.chunk,
    d.state,
    case when s.is_again then cardinality(d.recalled_for) end as question,
    exists (
        select from core.merge_decisions as p
        where p.fulfillment_order_id = d.fulfillment_order_id and p.parcel_id is not null
    ) as is_merged
