-- As core/documents_to_carry.sql, of the orders of `touched_orders` only; key fulfillment_order_id. No file and no day is new.
create temporary table documents_to_carry on commit drop as
select f.fulfillment_order_id, f.order_id, f.warehouse_id, f.is_shadow
from touched_orders as n
-- Offset 0, and the state outside: by the key of each. Before it is counted, what is allocated looks like nothing to the
-- planner, which would read all of it for each order.
cross join lateral (select e.* from core.fulfillment_orders as e where e.order_id = n.order_id offset 0) as f
cross join lateral (
    select e.version_id, e._checked_pass_id from core.orders as e where e.order_id = n.order_id offset 0
) as o
where f.state = 'allocated'
    and not exists (select from ops.unfinished_passes as p where p.pass_id = o._checked_pass_id)
    and (
        f.carrier_version_id is distinct from o.version_id
        or (f.carrier_id is null and exists (
            select from core.holds as h
            where h.order_id = f.order_id and h.subject_id = f.fulfillment_order_id
                and h.rule_id = 'no_carrier' and h.state = 'active'
        ))
    )
