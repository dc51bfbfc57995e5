-- Temporary tables of one transform pass: what core says of known orders before this pass merges; keys order_id, and line_id.
create temporary table orders_before on commit drop as
select
    o.order_id, o.version_id, o.status, o.payment_state, o.total_fen, o.paid_fen, o.freight_fen, o.discount_fen,
    o.ship_by_at, o.promotion_mark, o.seller_flag, o.buyer_message, o.seller_memo
from changed_orders as c
join core.orders as o using (order_id);

create temporary table lines_before on commit drop as
select
    l.order_id, l.line_id, l.title, l.merchant_code, l.platform_sku_id, l.quantity, l.paid_fen, l.unit_price_fen,
    l.refund_state
from orders_before as b
join core.order_lines as l using (order_id);

create temporary table receivers_before on commit drop as
select r.*, o.version_id as order_version_id
from core.receivers as r
join core.orders as o using (order_id)
where r.order_id in (select order_id from incoming_versions);
