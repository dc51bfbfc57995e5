-- Temporary table of one slice of a transform pass: one row per line of a winning version; key order_id, line_id.
create temporary table incoming_lines (
    order_id text collate "C" not null, shop_id text not null, line_no bigint not null, line_id text not null,
    platform_item_id text, platform_sku_id text, merchant_code text, title text, kind text not null,
    quantity bigint, unit_price_fen bigint, discount_fen bigint, paid_fen bigint, subsidy_fen bigint,
    platform_status text,
    refund_state text not null, gate text not null, gate_reason text, repeat_no bigint not null,
    unreadable_fields text[] not null
) on commit drop;
