-- One row per replacement of :orders that has no order yet; key order_id. It owes nothing, and no check judges it: what
-- was wrong with the sale was decided with the sale.
insert into core.orders (
    order_id, platform, shop_id, platform_order_id, customer_id, buyer_label, status, status_rank, is_terminal,
    payment_state, gate, gate_reason, lifecycle, currency, total_fen, discount_fen, freight_fen, paid_fen, placed_at,
    modified_at, ship_by_at, version_id, merge_key, mapping_version, checked_version, _load_id, _pass_id, _seen_at,
    order_kind, of_order_id
)
select
    p.order_id, s.platform, s.shop_id, substr(p.order_id, length(s.shop_id) + 2), s.customer_id, s.buyer_label,
    'to_ship', s.status_rank, false, 'paid', 'ship', null, 'live', s.currency, 0, 0, 0, 0, p.made_at, p.made_at,
    p.made_at + :within, 'made:' || p.order_id, 'made', s.mapping_version, 'made:' || p.order_id, s._load_id, s._pass_id,
    p.made_at, p.kind, p.of_order_id
from core.replacements as p
inner join core.orders as s on p.of_order_id = s.order_id
where p.order_id = any(:orders)
on conflict do nothing
