-- As core/allocated_reservations.sql, of the orders of `touched_orders` only; key reservation_id.
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
    f.receiver_key,
    f.state = 'manifested' as is_listed
from touched_orders as n
-- Offset 0, and the state outside: by the key of each. Before it is counted, what is allocated looks like nothing to the
-- planner, which would read all of it for each order.
cross join lateral (select e.* from core.fulfillment_orders as e where e.order_id = n.order_id offset 0) as f
cross join lateral (
    select e.reservation_id, e.fulfillment_order_id, e.order_id, e.line_id, e.warehouse_id, e.sku_id, e.quantity
    from core.reservations as e
    where e.fulfillment_order_id = f.fulfillment_order_id and e.state = 'active'
    offset 0
) as r
where f.state = 'allocated' or (f.state = 'manifested' and f.is_shadow)
