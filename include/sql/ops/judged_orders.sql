-- Marks what a pass judges; key order_id. An order whose current version no check has seen, an order that a refund
-- of this pass is about, and the orders whose verdict may depend on one of them: of the same buyer within the longest
-- window of duplicates, of the same buyer (by plain phone where no platform names one) and doubtful (it may stand in a
-- row), of the same plain phone or address within a day. Orders that the merge has marked for this pass already are not written again.
with unchecked as (
    select order_id from core.orders where checked_version is distinct from version_id
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
    select doubtful.order_id
    from core.anomalies as doubtful
    join core.orders as neighbour on neighbour.order_id = doubtful.order_id
    where doubtful.state = 'open' and doubtful.kind is not null and exists (
        select from named where named.platform = neighbour.platform and named.customer_id = neighbour.customer_id
    )
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
    where exists (
        select from core.anomalies as doubtful
        where doubtful.order_id = neighbour.order_id and doubtful.state = 'open' and doubtful.kind is not null
    )
    union all
    select neighbour.order_id
    from fresh
    join core.receivers as own on own.order_id = fresh.order_id and num_nonnulls(own.phone_hash, own.address_hash) > 0
    join core.receivers as shared on shared.phone_hash = own.phone_hash or shared.address_hash = own.address_hash
    join core.orders as neighbour
        on neighbour.order_id = shared.order_id
        and ops.bought_at(neighbour.payment_state, neighbour.paid_at, neighbour.placed_at)
            between fresh.bought_at - interval '24 hours' and fresh.bought_at + interval '24 hours'
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
    and (orders.lifecycle = 'live' or orders.checked_version is distinct from orders.version_id)
    and (orders._checked_pass_id is distinct from :pass_id or orders.checked_version is distinct from orders.version_id)
