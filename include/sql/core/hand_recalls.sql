-- One row per document of `stopped_documents` that people must call back; key fulfillment_order_id. Another cause asks
-- again what the warehouse refused.
insert into core.hand_recalls as present (fulfillment_order_id, warehouse_id, reason, recalled_for, requested_at)
select fulfillment_order_id, warehouse_id, reason, causes, :now
from stopped_documents
where not is_at_wms
on conflict (fulfillment_order_id) do update set
    reason = excluded.reason, recalled_for = present.recalled_for || excluded.recalled_for, state = 'requested',
    requested_at = excluded.requested_at, ended_at = null, ended_by = null
