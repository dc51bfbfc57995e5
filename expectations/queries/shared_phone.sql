-- One row per order whose plain phone several buyers used within a day; a mask or a platform's token is never compared.
-- Orders without a buyer's key count for nobody. All orders of a shared phone are read once: a pick-up point of a
-- thousand parcels is no thousand questions.
with judged as (
    select order_id, shop_id, bought_at, phone_hash
    from {batch}
    where phone_hash is not null
),
-- Almost every phone has one order, and of the others almost every one has one buyer.
repeated as materialized (
    select phone_hash
    from core.receivers
    where phone_hash in (select phone_hash from judged)
    group by phone_hash
    having count(*) > 1
),
shared as materialized (
    select phone_hash
    from repeated
    join core.receivers using (phone_hash)
    join core.orders using (order_id)
    group by phone_hash
    having min(orders.platform || '/' || orders.customer_id) <> max(orders.platform || '/' || orders.customer_id)
),
uses as (
    select
        shared.phone_hash,
        other.platform || '/' || other.customer_id as buyer,
        ops.bought_at(other.payment_state, other.paid_at, other.placed_at) as bought_at
    from shared
    join core.receivers as own using (phone_hash)
    join core.orders as other on other.order_id = own.order_id and other.customer_id is not null
)
select
    judged.order_id,
    left(judged.phone_hash, 12) as phone_hash
from judged
join core.check_settings as settings on settings.shop_id = judged.shop_id
join uses
    on uses.phone_hash = judged.phone_hash
    and uses.bought_at between judged.bought_at - interval '24 hours' and judged.bought_at + interval '24 hours'
group by judged.order_id, judged.phone_hash, settings.shared_receiver_buyers
having count(distinct uses.buyer) >= settings.shared_receiver_buyers
