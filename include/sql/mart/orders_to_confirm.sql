-- One row per order that was open when its shop went live; key order_id. A person says which of them the hub ships.
create view mart.orders_to_confirm as
select
    o.order_id,
    o.shop_id,
    o.platform_order_id,
    o.status,
    o.gate,
    count(l.line_id) filter (where l.kind <> 'bundle_part') as line_count,
    sum(l.quantity) filter (where l.kind <> 'bundle') as quantity,
    o.paid_fen,
    o.placed_at,
    o.paid_at,
    o.ship_by_at
from core.orders as o
left join core.order_lines as l on o.order_id = l.order_id
where o.lifecycle = 'to_confirm'
group by o.order_id
order by o.ship_by_at nulls last, o.order_id;

select ops.describe('mart.orders_to_confirm', '上线时尚未完结、待确认由谁发货的订单 / orders open at go-live, waiting for a yes; key order_id.',
    'order_id', 'shop_id/platform_order_id', 'shop_id', 'our id of the shop', 'platform_order_id', 'the platform''s id, text',
    'status', 'our word for the platform''s state', 'gate', 'ship, wait or stop', 'line_count', 'order lines', 'quantity', 'pieces',
    'paid_fen', 'paid, fen', 'placed_at', 'UTC', 'paid_at', 'UTC', 'ship_by_at', 'UTC, promised latest hand-over');
