-- Marks what a pass judges; key order_id. An order whose current version no check has seen, an order that a refund
-- of this pass is about, and the orders whose verdict may depend on one of them: of the same buyer within the longest
-- window of duplicates, of the same buyer (by plain phone where no platform names one) and doubtful (it may stand in a
-- row), of the same plain phone or address within a day. Orders that the merge has marked for this pass already are not written again.
with unchecked as (
    select order_id from ops.unchecked_orders() as u (order_id)
    union
    select order_id from core.refunds where _pass_id = :pass_id
),
fresh as (
    select order_id, platform, customer_id, ops.bought_at(payment_state, paid_at, placed_at) as bought_at
    from core.orders
    where order_id in (select order_id from unchecked)
    union all
    select order_id, platform, customer_id, ops.bought_at(payment_state, paid_at, placed_at) as bought_at
    from core.orders
    where _checked_pass_id = :pass_id and checked_version = version_id
),
named as (
    select * from fresh where customer_id is not null
),
-- Phones and addresses apart: joined by either, a large pass would compare each receiver with each.
sharing as (
    select shared.order_id, fresh.bought_at
    from fresh
    join core.receivers as own on own.order_id = fresh.order_id
    join core.receivers as shared on shared.phone_hash = own.phone_hash
    union all
    select shared.order_id, fresh.bought_at
    from fresh
    join core.receivers as own on own.order_id = fresh.order_id
    join core.receivers as shared on shared.address_hash = own.address_hash
),
neighbours as (
    select neighbour.order_id
    from named
    join core.orders as neighbour
        on neighbour.platform = named.platform
        and neighbour.customer_id = named.customer_id
        and neighbour._checked_pass_id is distinct from :pass_id
        and ops.bought_at(neighbour.payment_state, neighbour.paid_at, neighbour.placed_at)
            between named.bought_at - :minutes * interval '1 minute' and named.bought_at + :minutes * interval '1 minute'
    union all
    select neighbour.order_id
    from (select distinct platform, customer_id from named) as buyers
    join core.orders as neighbour on neighbour.platform = buyers.platform and neighbour.customer_id = buyers.customer_id
    where exists (select from core.anomalies as a where a.order_id = neighbour.order_id and a.state = 'open' and a.kind is not null)
    union all
    select neighbour.order_id
    from (
        select distinct fresh.platform, own.phone_hash
        from fresh
        join core.receivers as own on own.order_id = fresh.order_id and own.phone_hash is not null
        where fresh.customer_id is null
    ) as phones
    join core.receivers as shared on shared.phone_hash = phones.phone_hash
    join core.orders as neighbour
        on neighbour.order_id = shared.order_id and neighbour.platform = phones.platform and neighbour.customer_id is null
    where exists (select from core.anomalies as a where a.order_id = neighbour.order_id and a.state = 'open' and a.kind is not null)
    union all
    select neighbour.order_id
    from sharing
    join core.orders as neighbour
        on neighbour.order_id = sharing.order_id
        and ops.bought_at(neighbour.payment_state, neighbour.paid_at, neighbour.placed_at)
            between sharing.bought_at - interval '24 hours' and sharing.bought_at + interval '24 hours'
),
judged as (
    select order_id from unchecked union select order_id from neighbours
)
update core.orders
set checked_version = orders.version_id, checks_version = :checks_version, _checked_pass_id = :pass_id
from judged
where orders.order_id = judged.order_id
    and (orders.lifecycle = 'live' or orders.checked_version is distinct from orders.version_id)
    and (orders._checked_pass_id is distinct from :pass_id or orders.checked_version is distinct from orders.version_id)
