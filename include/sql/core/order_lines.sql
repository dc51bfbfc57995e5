-- Fills core.order_lines from incoming_lines, which are exactly the lines of the winning versions.
-- A mapping of the shop beats one for all shops (*); the merchant's code beats the platform's SKU.
insert into core.order_lines (
    order_id, line_id, line_no, platform_item_id, platform_sku_id, merchant_code, sku_id, sku_mapping_id, title,
    kind, quantity, unit_price_fen, discount_fen, paid_fen, platform_status, refund_state, gate, gate_reason,
    repeat_no, unreadable_fields
)
select
    l.order_id, l.line_id, l.line_no, l.platform_item_id, l.platform_sku_id, l.merchant_code,
    coalesce(code_here.sku_id, code_all.sku_id, sku_here.sku_id, sku_all.sku_id),
    coalesce(code_here.mapping_id, code_all.mapping_id, sku_here.mapping_id, sku_all.mapping_id),
    l.title, l.kind, l.quantity, l.unit_price_fen, l.discount_fen, l.paid_fen, l.platform_status, l.refund_state,
    l.gate, l.gate_reason, l.repeat_no, l.unreadable_fields
from incoming_lines as l
left join core.sku_mappings as code_here
    on code_here.shop_id = l.shop_id and code_here.platform_sku = upper(btrim(normalize(l.merchant_code, nfkc)))
left join core.sku_mappings as code_all
    on code_all.shop_id = '*' and code_all.platform_sku = upper(btrim(normalize(l.merchant_code, nfkc)))
left join core.sku_mappings as sku_here
    on sku_here.shop_id = l.shop_id and sku_here.platform_sku = upper(btrim(normalize(l.platform_sku_id, nfkc)))
left join core.sku_mappings as sku_all
    on sku_all.shop_id = '*' and sku_all.platform_sku = upper(btrim(normalize(l.platform_sku_id, nfkc)))
