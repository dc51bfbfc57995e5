-- One row per order that repeats an earlier one: same shop, buyer, goods and receiver, paid at most ten minutes later.
-- The platform's receiver token belongs to one order and is never compared; masks, hashes and regions are.
with later as (
    select order_id, shop_id, customer_id, paid_at, goods_key
    from {batch}
)
select distinct on (later.order_id)
    later.order_id,
    earlier.order_id as earlier_order_id
from later
join core.orders as earlier
    on earlier.shop_id = later.shop_id
    and earlier.customer_id = later.customer_id
    and earlier.paid_at between later.paid_at - interval '10 minutes' and later.paid_at
    and (earlier.paid_at, earlier.order_id) < (later.paid_at, later.order_id)
join core.receivers as later_receiver on later_receiver.order_id = later.order_id
join core.receivers as earlier_receiver on earlier_receiver.order_id = earlier.order_id
cross join lateral (
    select string_agg(
        coalesce(line.sku_id, line.merchant_code, line.platform_sku_id, '?') || '*' || coalesce(line.quantity, 0),
        ', ' order by line.sku_id, line.merchant_code, line.platform_sku_id, line.quantity
    ) filter (where line.kind in ('goods', 'bundle')) as goods_key
    from core.order_lines as line
    where line.order_id = earlier.order_id
) as earlier_lines
where earlier.lifecycle = 'live'
    and earlier.status not in ('closed', 'unpaid')
    and earlier.payment_state <> 'refunded'
    and earlier_lines.goods_key = later.goods_key
    and later_receiver.province is not distinct from earlier_receiver.province
    and later_receiver.city is not distinct from earlier_receiver.city
    and later_receiver.district is not distinct from earlier_receiver.district
    and later_receiver.name_masked is not distinct from earlier_receiver.name_masked
    and later_receiver.phone_masked is not distinct from earlier_receiver.phone_masked
    and later_receiver.phone_hash is not distinct from earlier_receiver.phone_hash
    and later_receiver.address_masked is not distinct from earlier_receiver.address_masked
    and later_receiver.address_hash is not distinct from earlier_receiver.address_hash
order by later.order_id, earlier.paid_at, earlier.order_id
