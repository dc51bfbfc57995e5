-- Marks what a pass judges; key order_id. An order whose current version no check has seen, and the orders
-- of the same buyer within ten minutes of it, whose verdict may depend on it. Orders that the merge has
-- marked for this pass already are not written again.
with unchecked as (
    select order_id, shop_id, customer_id, paid_at
    from core.orders
    where checked_version is distinct from version_id
),
fresh as (
    select order_id, shop_id, customer_id, paid_at from unchecked
    union all
    select order_id, shop_id, customer_id, paid_at
    from core.orders
    where _checked_pass_id = :pass_id and checked_version = version_id
),
neighbours as (
    select neighbour.order_id
    from fresh
    join core.orders as neighbour
        on neighbour.shop_id = fresh.shop_id
        and neighbour.customer_id = fresh.customer_id
        and neighbour.paid_at between fresh.paid_at - interval '10 minutes' and fresh.paid_at + interval '10 minutes'
    where neighbour.lifecycle = 'live' and neighbour._checked_pass_id is distinct from :pass_id
),
judged as (
    select order_id from unchecked
    union
    select order_id from neighbours
)
update core.orders
set checked_version = orders.version_id, checks_version = :checks_version, _checked_pass_id = :pass_id
from judged
where orders.order_id = judged.order_id
