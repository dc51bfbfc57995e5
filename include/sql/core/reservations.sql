-- One row per line of the fulfillment orders of this pass; key reservation_id = fulfillment_order_id#line_id. As they lie
-- in `routed_lines`: in the order of the key.
insert into core.reservations (
    reservation_id, fulfillment_order_id, order_id, line_id, warehouse_id, sku_id, quantity, state, reserved_at
)
select
    l.fulfillment_order_id || '#' || l.line_id,
    l.fulfillment_order_id,
    l.order_id,
    l.line_id,
    l.warehouse_id,
    l.sku_id,
    l.quantity,
    'active',
    :now
from routed_lines as l
