-- One row per promised order whose buyer has another one at the same warehouse, where the platform was not asked about all of
-- them as they are now; key order_id. Orders of one buyer together.
with promised as (
    select
        f.warehouse_id,
        o.order_id,
        o.shop_id,
        o.customer_id,
        o.platform_order_id,
        r.token,
        r.receiver_key,
        a.asked_at
    from core.fulfillment_orders as f
    inner join core.orders as o on f.order_id = o.order_id and o.order_kind = 'sale'
    inner join core.receivers as r on f.order_id = r.order_id and r.token is not null
    left join core.merge_answers as a
        on f.order_id = a.order_id and r.receiver_key = a.receiver_key and a.asked_at > :since
    where f.state = 'allocated'
        and not f.is_shadow
        and f.warehouse_id = any(cast(:warehouses as text[]))
        and o.shop_id = any(cast(:shops as text[]))
        and o.customer_id is not null
),

of_buyers as (
    select
        *,
        count(asked_at) over buyer = count(*) over buyer
        and min(asked_at) over buyer = max(asked_at) over buyer as is_all_known,
        min(order_id) over buyer <> max(order_id) over buyer as has_others
    from promised
    window buyer as (partition by warehouse_id, shop_id, customer_id)
)

select distinct shop_id, customer_id, order_id, platform_order_id, token, receiver_key
from of_buyers
where has_others and not is_all_known
order by shop_id, customer_id, order_id
limit :most
