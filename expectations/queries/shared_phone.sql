-- One row per order whose plain phone several buyers used within a day; a mask or a platform's token is never compared.
-- Orders without a buyer's key count for nobody. All orders of a shared phone are read once: a pick-up point of a
-- thousand parcels is no thousand questions.
with judged as not materialized (
    select order_id, shop_id, platform, customer_id, bought_at, phone_hash
    from {batch}
    where phone_hash is not null
),
-- Who else uses them is asked of core; of the orders of the pass themselves everything is known here. A large pass is most of core.
others as materialized (
    select own.phone_hash, other.platform, other.customer_id,
        ops.bought_at(other.payment_state, other.paid_at, other.placed_at) as bought_at
    from core.receivers as own
    join core.orders as other on other.order_id = own.order_id and other.customer_id is not null
    where own.phone_hash in (select phone_hash from judged)
        and not exists (select from judged where judged.order_id = own.order_id)
),
uses as not materialized (
    select phone_hash, platform, customer_id, bought_at from judged where customer_id is not null
    union all
    select phone_hash, platform, customer_id, bought_at from others
),
-- Of almost every phone all orders have one buyer.
shared as materialized (
    select phone_hash
    from uses
    group by phone_hash
    having min(customer_id) <> max(customer_id) or min(platform) <> max(platform)
)
select
    judged.order_id,
    left(judged.phone_hash, 12) as phone_hash
from judged
join core.check_settings as settings on settings.shop_id = judged.shop_id
join shared on shared.phone_hash = judged.phone_hash
join uses
    on uses.phone_hash = judged.phone_hash
    and uses.bought_at between judged.bought_at - interval '24 hours' and judged.bought_at + interval '24 hours'
group by judged.order_id, judged.phone_hash, settings.shared_receiver_buyers
having count(distinct uses.platform || '/' || uses.customer_id) >= settings.shared_receiver_buyers
