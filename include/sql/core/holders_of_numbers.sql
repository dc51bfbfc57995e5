-- One row per parcel that has one of the numbers, with its buyer, and per document reported on, with none; key number,
-- fulfillment_order_id.
select
    s.tracking_number as number,
    s.fulfillment_order_id,
    o.shop_id,
    o.customer_id,
    concat_ws('/', r.province, r.city, r.district) as region
from core.shipments as s
inner join core.orders as o on s.order_id = o.order_id
left join core.receivers as r on o.order_id = r.order_id
where s.tracking_number = any(:numbers)
union
select
    null,
    f.fulfillment_order_id,
    o.shop_id,
    o.customer_id,
    concat_ws('/', r.province, r.city, r.district)
from core.fulfillment_orders as f
inner join core.orders as o on f.order_id = o.order_id
left join core.receivers as r on o.order_id = r.order_id
where f.fulfillment_order_id = any(:documents)
