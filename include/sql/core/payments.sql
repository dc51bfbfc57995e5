-- One row per order that was paid or will be at the door; key order_id. Platforms name one payment of an order.
create view core.payments as
select
    order_id,
    shop_id,
    payment_state,
    payment_method,
    payment_no,
    paid_fen,
    paid_at
from core.orders
where payment_state in ('deposit_paid', 'paid', 'cod_accepted', 'refunded') and (paid_at is not null or payment_state = 'cod_accepted');

select ops.describe('core.payments', '每个已付款或货到付款的订单一行 / one row per order that was paid, or will be at the door; key order_id.',
    'order_id', 'the order', 'shop_id', 'our id of the shop', 'payment_state', 'deposit_paid, paid, cod_accepted or refunded', 'payment_method', 'as the platform says',
    'payment_no', 'the payment''s number at the platform or its bank', 'paid_fen', 'fen', 'paid_at', 'UTC; null for what is paid at the door');
grant select on core.payments to orderhub_analyst;
