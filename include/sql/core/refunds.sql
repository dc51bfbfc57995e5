-- Fills core.refunds from incoming_refunds; key refund_id.
-- Order-free: whatever the sequence of arrival, the greatest merge_key stands in the end.
insert into core.refunds as present (
    refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, platform_sku_id, kind,
    platform_status, state, is_terminal, quantity, refund_fen, reason, created_at, modified_at,
    unreadable_fields, version_id, merge_key, mapping_version, _load_id, _pass_id, _seen_at, replacement, wanted_sku
)
select distinct on (refund_id)
    refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, platform_sku_id, kind,
    platform_status, state, is_terminal, quantity, refund_fen, reason, created_at, modified_at,
    unreadable_fields, version_id, merge_key, mapping_version, load_id, :pass_id, :now, replacement, wanted_sku
from incoming_refunds
order by refund_id, merge_key desc
on conflict (refund_id) do update set
    order_id = excluded.order_id, platform_line_id = excluded.platform_line_id,
    platform_sku_id = excluded.platform_sku_id, kind = excluded.kind,
    platform_status = excluded.platform_status, state = excluded.state, is_terminal = excluded.is_terminal,
    quantity = excluded.quantity, refund_fen = excluded.refund_fen, reason = excluded.reason,
    created_at = excluded.created_at, modified_at = excluded.modified_at,
    unreadable_fields = excluded.unreadable_fields, version_id = excluded.version_id,
    merge_key = excluded.merge_key, mapping_version = excluded.mapping_version,
    _load_id = excluded._load_id, _pass_id = excluded._pass_id, _seen_at = excluded._seen_at,
    replacement = excluded.replacement, wanted_sku = excluded.wanted_sku
where excluded.merge_key > present.merge_key
