-- Makes the lifecycle of orders that nobody holds what core.shops says now; key order_id. The next transform pass, which
-- comes because the configuration is new, settles the others: whoever applies files waits for no pass.
with free as (
    select o.order_id, m.lifecycle
    from core.moved_lifecycles as m
    inner join core.orders as o on m.order_id = o.order_id
    for update of o skip locked
)

update core.orders as o
set lifecycle = f.lifecycle, checked_version = null
from free as f
where o.order_id = f.order_id
