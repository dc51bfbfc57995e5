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
-- Offset 0, and the states outside: by the key of each. Before they are counted, what is allocated and what is active look
-- like nothing to the planner, which would read all of them for each order.
cross join lateral (select e.* from core.fulfillment_orders as e where e.order_id = n.order_id offset 0) as f
cross join lateral (
    select e.* from core.reservations as e where e.fulfillment_order_id = f.fulfillment_order_id offset 0
) as r
where r.state = 'active' and (f.state = 'allocated' or (f.state = 'manifested' and f.is_shadow))
