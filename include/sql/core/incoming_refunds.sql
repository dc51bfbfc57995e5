-- Temporary table of one transform pass: one row per staged version of a refund of the loads taken.
create temporary table incoming_refunds (
    refund_id text collate "C" not null, platform text not null, shop_id text not null,
    platform_refund_id text not null, order_id text collate "C" not null, platform_line_id text,
    platform_sku_id text, kind text not null, platform_status text, state text not null,
    is_terminal boolean not null, quantity bigint, refund_fen bigint, reason text,
    created_at timestamptz, modified_at timestamptz, unreadable_fields text[] not null,
    version_id text not null, merge_key text collate "C" not null, mapping_version text not null, load_id bigint not null,
    replacement text, wanted_sku text
) on commit drop;
