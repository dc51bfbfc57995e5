-- Writes the orders of changed_orders that are new to core, or, with known_orders.sql behind it, those that are not.
-- Each row is marked as judged by this pass at once, because checks judge it before the pass is finished, until which it is
-- not ready (`core.line_readiness`), and writing a million rows a second time costs as much as the first.
insert into core.orders as present (
    order_id, platform, shop_id, platform_order_id, customer_id, buyer_label,
    platform_status, status, status_rank, is_terminal, payment_state, gate, gate_reason, lifecycle,
    currency, total_fen, discount_fen, freight_fen, paid_fen, promotion_mark,
    buyer_message, seller_memo, seller_flag, placed_at, paid_at, modified_at, ship_by_at,
    ship_not_before, invoice_kind, invoice_title, payment_method, payment_no,
    service_tags, required_carriers, unreadable_fields, disagreeing_fields, version_id, merge_key, mapping_version,
    checked_version, checks_version, was_checkable, _load_id, _pass_id, _checked_pass_id, _seen_at
)
select
    v.order_id, platform, v.shop_id, platform_order_id, customer_id, buyer_label,
    platform_status, status, status_rank, is_terminal, payment_state, gate, gate_reason, lifecycle,
    currency, total_fen, discount_fen, freight_fen, paid_fen, promotion_mark,
    buyer_message, seller_memo, seller_flag, placed_at, paid_at, modified_at, ship_by_at,
    ship_not_before, invoice_kind, invoice_title, payment_method, payment_no,
    service_tags, required_carriers, unreadable_fields, disagreeing_fields, version_id, merge_key, mapping_version,
    version_id, :checks_version, gate <> 'stop' and payment_state not in ('unpaid', 'deposit_paid'), load_id, :pass_id, :pass_id, :now
from changed_orders as c
join incoming_versions as v using (platform, staging_id)
where c.is_new = :is_new
