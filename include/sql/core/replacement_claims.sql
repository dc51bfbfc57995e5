-- One row per line of the replacements that are asked for now; key order_id, line_id. Filled by
-- core/claims_of_after_sales.sql, or by what a person orders.
create temporary table replacement_claims (
    order_id text collate "C", platform_order_id text, of_order_id text collate "C", refund_id text collate "C",
    kind text, case_no text, reason text, goods text, line_id text collate "C", parent_line_id text collate "C",
    line_no integer, line_kind text, platform_item_id text, platform_sku_id text, merchant_code text, sku_id text,
    title text, quantity bigint, unit_price_fen bigint
) on commit drop
