-- One row per active reservation of an allocated fulfillment order that is due at this cut-off; key order_id, line_id.
-- What was allocated a moment ago waits for second thoughts, unless the next cut-off would be too late for it.
-- A table of its own, so that it can be analyzed: the planner knows nothing yet of rows written minutes ago.
create temporary table due_reservations on commit drop as
select
    f.fulfillment_order_id,
    r.order_id,
    r.line_id,
    r.sku_id,
    r.quantity,
    f.is_shadow,
    f.receiver_key
from core.fulfillment_orders as f
inner join core.reservations as r
    on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active' and r.warehouse_id = :warehouse_id
where f.state = 'allocated'
    and f.warehouse_id = :warehouse_id
    and f.is_shadow = :is_shadow
    and f.allocated_at <= :until
    and (
        f.allocated_at <= :settled
        or exists (select from core.orders as o where o.order_id = f.order_id and o.ship_by_at < :next_cutoff_at)
    )
    and (f.ship_not_before is null or f.ship_not_before <= :until)
