-- Continues orders.sql for orders that core knows. A person's decision to ship an order from before go-live stays.
on conflict (order_id) do update set
    customer_id = excluded.customer_id, buyer_label = excluded.buyer_label,
    platform_status = excluded.platform_status, status = excluded.status, status_rank = excluded.status_rank,
    is_terminal = excluded.is_terminal, payment_state = excluded.payment_state,
    gate = excluded.gate, gate_reason = excluded.gate_reason,
    lifecycle = case when present.confirmed_at is not null then 'live' else excluded.lifecycle end,
    currency = excluded.currency, total_fen = excluded.total_fen, discount_fen = excluded.discount_fen,
    freight_fen = excluded.freight_fen, paid_fen = excluded.paid_fen, promotion_mark = excluded.promotion_mark,
    buyer_message = excluded.buyer_message, seller_memo = excluded.seller_memo, seller_flag = excluded.seller_flag,
    placed_at = excluded.placed_at, paid_at = excluded.paid_at, modified_at = excluded.modified_at,
    ship_by_at = excluded.ship_by_at, ship_not_before = excluded.ship_not_before,
    invoice_kind = excluded.invoice_kind, invoice_title = excluded.invoice_title,
    payment_method = excluded.payment_method, payment_no = excluded.payment_no,
    service_tags = excluded.service_tags, required_carriers = excluded.required_carriers, unreadable_fields = excluded.unreadable_fields,
    disagreeing_fields = excluded.disagreeing_fields, version_id = excluded.version_id,
    merge_key = excluded.merge_key, mapping_version = excluded.mapping_version,
    checked_version = excluded.checked_version, checks_version = excluded.checks_version,
    was_checkable = present.was_checkable or excluded.was_checkable,
    _load_id = excluded._load_id, _pass_id = excluded._pass_id,
    _checked_pass_id = excluded._checked_pass_id, _seen_at = excluded._seen_at
where excluded.merge_key > present.merge_key
