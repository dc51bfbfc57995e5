-- Temporary tables of one slice of a transform pass.
-- incoming_versions: one row per staged version of the loads taken; key staging_id within a platform.
-- incoming_orders: the greatest version of each of their orders, and the greatest with a receiver, by name; key order_id.
create temporary table incoming_versions (
    order_id text collate "C" not null, staging_id bigint not null, load_id bigint not null,
    platform text not null, shop_id text not null, platform_order_id text not null, customer_id text,
    buyer_label text, platform_status text, status text not null, status_rank smallint not null,
    is_terminal boolean not null, payment_state text not null, gate text not null, gate_reason text,
    lifecycle text not null, currency text, total_fen bigint, discount_fen bigint, freight_fen bigint,
    paid_fen bigint, promotion_mark text, buyer_message text, seller_memo text, seller_flag text,
    placed_at timestamptz, paid_at timestamptz, modified_at timestamptz, ship_by_at timestamptz,
    ship_not_before timestamptz, invoice_kind text, invoice_title text, payment_method text, payment_no text,
    service_tags text[] not null, required_carriers text[] not null,
    unreadable_fields text[] not null, disagreeing_fields text[] not null, version_id text not null,
    merge_key text collate "C" not null, mapping_version text not null,
    is_receiver_known boolean not null, receiver_state text not null, name_masked text, phone_masked text,
    phone_hash text, address_masked text, address_hash text, province text, city text, district text, town text,
    address_verdict text, phone_verdict text, address_evidence text, token text
) on commit drop;

create temporary table incoming_orders (
    order_id text collate "C" not null, platform text not null, shop_id text not null, staging_id bigint not null,
    merge_key text collate "C" not null, receiver_staging_id bigint not null
) on commit drop;
