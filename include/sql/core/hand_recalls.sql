-- One row per document of `stopped_documents` that people must call back; key fulfillment_order_id.
insert into core.hand_recalls (fulfillment_order_id, warehouse_id, reason, requested_at)
select fulfillment_order_id, warehouse_id, reason, :now
from stopped_documents
where not is_at_wms
on conflict do nothing
