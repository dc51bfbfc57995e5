-- One row per order whose plain phone several buyers used within a day; a mask or a platform's token is never compared.
-- Orders without a buyer's key count for nobody.
with judged as (
    select order_id, shop_id, paid_at, phone_hash
    from {batch}
    where phone_hash is not null
)
select
    judged.order_id,
    left(judged.phone_hash, 12) as phone_hash
from judged
join core.check_settings as settings on settings.shop_id = judged.shop_id
where settings.shared_receiver_buyers <= (
    select count(distinct other.platform || '/' || other.customer_id)
    from core.receivers as shared
    join core.orders as other on other.order_id = shared.order_id
    where shared.phone_hash = judged.phone_hash
        and other.paid_at between judged.paid_at - interval '24 hours' and judged.paid_at + interval '24 hours'
)
