-- One row per order that repeats an earlier one: same shop, buyer, goods and receiver, bought within the shop's minutes:
-- paid, or placed where it is paid at the door.
-- The platform's receiver token belongs to one order and is never compared; masks, hashes and regions are.
-- An earlier order that was cancelled, by its platform or a person here, or refunded repeats nothing: then the later one
-- goes on by itself.
with later as (
    select order_id, shop_id, customer_id, bought_at, duplicate_minutes
    from {batch}
    where customer_id is not null
),
-- Few pairs are left before goods and receivers are compared.
pairs as materialized (
    select
        later.order_id,
        earlier.order_id as earlier_order_id,
        ops.bought_at(earlier.payment_state, earlier.paid_at, earlier.placed_at) as earlier_bought_at
    from later
    join core.orders as earlier
        on earlier.shop_id = later.shop_id
        and earlier.customer_id = later.customer_id
        and ops.bought_at(earlier.payment_state, earlier.paid_at, earlier.placed_at)
            between later.bought_at - later.duplicate_minutes * interval '1 minute' and later.bought_at
        and (ops.bought_at(earlier.payment_state, earlier.paid_at, earlier.placed_at), earlier.order_id)
            < (later.bought_at, later.order_id)
    where earlier.lifecycle = 'live'
        and earlier.status not in ('closed', 'unpaid')
        and earlier.payment_state <> 'refunded'
        and not exists (
            select from core.withholdings as w
            where w.order_id = earlier.order_id and w.line_id is null and w.kind = 'cancelled'
        )
)
select distinct on (pairs.order_id)
    pairs.order_id,
    pairs.earlier_order_id
from pairs
join core.receivers as later_receiver on later_receiver.order_id = pairs.order_id
join core.receivers as earlier_receiver on earlier_receiver.order_id = pairs.earlier_order_id
where ops.goods_key(pairs.earlier_order_id) = ops.goods_key(pairs.order_id)
    and not exists (
        select from core.refunds as r
        where r.order_id = pairs.earlier_order_id and r.state = 'refunded' and r.kind <> 'money'
    )
    and (
        later_receiver.province, later_receiver.city, later_receiver.district, later_receiver.name_masked,
        later_receiver.phone_masked, later_receiver.phone_hash, later_receiver.address_masked, later_receiver.address_hash
    ) is not distinct from (
        earlier_receiver.province, earlier_receiver.city, earlier_receiver.district, earlier_receiver.name_masked,
        earlier_receiver.phone_masked, earlier_receiver.phone_hash, earlier_receiver.address_masked, earlier_receiver.address_hash
    )
order by pairs.order_id, pairs.earlier_bought_at, pairs.earlier_order_id
