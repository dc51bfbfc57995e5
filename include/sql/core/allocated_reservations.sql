-- One row per active reservation of an allocated fulfillment order; key reservation_id.
-- A table of its own, so that it can be analyzed: the planner knows nothing yet of rows written minutes ago.
create temporary table allocated_reservations on commit drop as
select
    r.reservation_id,
    r.fulfillment_order_id,
    r.order_id,
    r.line_id,
    r.warehouse_id,
    r.sku_id,
    r.quantity,
    f.is_shadow,
    f.receiver_key
from core.fulfillment_orders as f
inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
where f.state = 'allocated'
