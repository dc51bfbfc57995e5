-- One row per order whose plain address several buyers used within a day; a mask or a platform's token is never compared.
-- Orders without a buyer's key count for nobody. All orders of a shared address are read once: a pick-up point of a
-- thousand parcels is no thousand questions.
with judged as not materialized (
    select order_id, shop_id, platform, customer_id, bought_at, address_hash
    from {batch}
    where address_hash is not null
),
-- Who else uses them is asked of core; of the orders of the pass themselves everything is known here. A large pass is most of core.
others as materialized (
    select own.address_hash, other.platform, other.customer_id,
        ops.bought_at(other.payment_state, other.paid_at, other.placed_at) as bought_at
    from core.receivers as own
    join core.orders as other on other.order_id = own.order_id and other.customer_id is not null
    where own.address_hash in (select address_hash from judged)
        and not exists (select from judged where judged.order_id = own.order_id)
),
uses as not materialized (
    select address_hash, platform, customer_id, bought_at from judged where customer_id is not null
    union all
    select address_hash, platform, customer_id, bought_at from others
),
-- Of almost every address all orders have one buyer.
shared as materialized (
    select address_hash
    from uses
    group by address_hash
    having min(customer_id) <> max(customer_id) or min(platform) <> max(platform)
)
select
    judged.order_id,
    left(judged.address_hash, 12) as address_hash
from judged
join core.check_settings as settings on settings.shop_id = judged.shop_id
join shared on shared.address_hash = judged.address_hash
join uses
    on uses.address_hash = judged.address_hash
    and uses.bought_at between judged.bought_at - interval '24 hours' and judged.bought_at + interval '24 hours'
group by judged.order_id, judged.address_hash, settings.shared_receiver_buyers
having count(distinct uses.platform || '/' || uses.customer_id) >= settings.shared_receiver_buyers
