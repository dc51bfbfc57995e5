-- Marks what a pass judges; key order_id. An order whose current version no check has seen, and the orders
-- of the same buyer within ten minutes of it, whose verdict may depend on it. Orders that wait for a person's
-- confirmation at go-live stay unjudged, so that they are judged once they are live.
with unchecked as (
    select order_id, shop_id, customer_id, paid_at
    from core.orders
    where checked_version is distinct from version_id and lifecycle <> 'to_confirm'
),
neighbours as (
    select neighbour.order_id
    from unchecked
    join core.orders as neighbour
        on neighbour.shop_id = unchecked.shop_id
        and neighbour.customer_id = unchecked.customer_id
        and neighbour.paid_at between unchecked.paid_at - interval '10 minutes' and unchecked.paid_at + interval '10 minutes'
    where neighbour.lifecycle = 'live'
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
