-- One row per order that repeats an earlier one: same shop, buyer, goods and receiver, paid within the shop's minutes.
-- The platform's receiver token belongs to one order and is never compared; masks, hashes and regions are.
-- An earlier order that was cancelled or refunded repeats nothing: then the later one goes on by itself.
with later as (
    select order_id, shop_id, customer_id, paid_at, goods_key, duplicate_minutes
    from {batch}
    where customer_id is not null
)
select distinct on (later.order_id)
    later.order_id,
    earlier.order_id as earlier_order_id
from later
join core.orders as earlier
    on earlier.shop_id = later.shop_id
    and earlier.customer_id = later.customer_id
    and earlier.paid_at between later.paid_at - later.duplicate_minutes * interval '1 minute' and later.paid_at
    and (earlier.paid_at, earlier.order_id) < (later.paid_at, later.order_id)
join core.receivers as later_receiver on later_receiver.order_id = later.order_id
join core.receivers as earlier_receiver on earlier_receiver.order_id = earlier.order_id
cross join lateral (
    select string_agg(
        coalesce(line.sku_id, line.merchant_code, line.platform_sku_id, '?') || '*' || coalesce(line.quantity, 0),
        ', ' order by line.sku_id, line.merchant_code, line.platform_sku_id, line.quantity
    ) filter (where line.kind = 'goods') as goods_key
    from core.order_lines as line
    where line.order_id = earlier.order_id
) as earlier_lines
where earlier.lifecycle = 'live'
    and earlier.status not in ('closed', 'unpaid')
    and earlier.payment_state <> 'refunded'
    and earlier_lines.goods_key = later.goods_key
    and not exists (select from core.refunds as r where r.order_id = earlier.order_id and r.state = 'refunded' and r.kind <> 'money')
    and (
        later_receiver.province, later_receiver.city, later_receiver.district, later_receiver.name_masked,
        later_receiver.phone_masked, later_receiver.phone_hash, later_receiver.address_masked, later_receiver.address_hash
    ) is not distinct from (
        earlier_receiver.province, earlier_receiver.city, earlier_receiver.district, earlier_receiver.name_masked,
        earlier_receiver.phone_masked, earlier_receiver.phone_hash, earlier_receiver.address_masked, earlier_receiver.address_hash
    )
order by later.order_id, earlier.paid_at, earlier.order_id
