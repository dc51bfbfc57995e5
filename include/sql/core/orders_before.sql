-- Notes what core says of the known orders of this slice, before the pass merges them; keys order_id, and line_id.
-- What this pass itself has written is not from before it.
insert into orders_before
select o.*
from changed_orders as c
cross join lateral (select * from core.orders as x where x.order_id = c.order_id offset 0) as o
where not c.is_new and o._pass_id is distinct from :pass_id;

insert into lines_before
select l.*
from changed_orders as c
cross join lateral (select x._pass_id from core.orders as x where x.order_id = c.order_id offset 0) as o
cross join lateral (select * from core.order_lines as x where x.order_id = c.order_id offset 0) as l
where not c.is_new and o._pass_id is distinct from :pass_id;

insert into receivers_before
select r.*, o.version_id
from (
    select order_id from incoming_orders where order_id not in (select order_id from changed_orders where is_new)
) as i
cross join lateral (select x.version_id, x._pass_id from core.orders as x where x.order_id = i.order_id offset 0) as o
cross join lateral (select * from core.receivers as x where x.order_id = i.order_id offset 0) as r
where o._pass_id is distinct from :pass_id
    and not exists (select from receivers_before as noted where noted.order_id = i.order_id)
