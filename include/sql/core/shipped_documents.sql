-- Ends the documents reported on all of whose lines have left.
with whole as (
    select f.fulfillment_order_id
    from core.fulfillment_orders as f
    where f.fulfillment_order_id = any(:documents)
        and f.state = 'manifested'
        and not exists (
            select from core.reservations as r
            where r.fulfillment_order_id = f.fulfillment_order_id and r.state <> 'posted' and r.state <> 'voided'
        )
        and exists (
            select from core.reservations as r
            where r.fulfillment_order_id = f.fulfillment_order_id and r.state = 'posted'
        )
),

ended as (
    update core.delivery_orders as d
    set state = 'shipped', ended_at = :now
    from whole as w
    where d.fulfillment_order_id = w.fulfillment_order_id and d.state <> 'shipped'
)

update core.fulfillment_orders as f
set state = 'shipped'
from whole as w
where f.fulfillment_order_id = w.fulfillment_order_id
