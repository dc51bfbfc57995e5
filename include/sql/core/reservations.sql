-- One row per line of the fulfillment orders of this pass; key reservation_id = fulfillment_order_id#line_id.
insert into core.reservations (
    reservation_id, fulfillment_order_id, order_id, line_id, warehouse_id, sku_id, quantity, state, reserved_at
)
select
    f.fulfillment_order_id || '#' || l.line_id,
    f.fulfillment_order_id,
    l.order_id,
    l.line_id,
    l.warehouse_id,
    l.sku_id,
    l.quantity,
    'active',
    :now
from core.fulfillment_orders as f
inner join routed_lines as l on f.order_id = l.order_id and f.warehouse_id = l.warehouse_id
where f._pass_id = :pass_id and f.state = 'allocated'
order by l.order_id, l.line_id
