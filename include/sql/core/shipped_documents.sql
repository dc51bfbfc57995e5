-- Ends the documents reported on all of whose lines have left.
with whole as (
    select n.fulfillment_order_id
    from unnest(cast(:documents as text[])) as n (fulfillment_order_id)
    -- Offset 0: by the key of each. Before they are counted the planner would read all reservations for each document.
    cross join lateral (
        select e.state from core.fulfillment_orders as e where e.fulfillment_order_id = n.fulfillment_order_id offset 0
    ) as f
    cross join lateral (
        select
            count(*) filter (where e.state = 'posted') as posted,
            count(*) filter (where e.state not in ('posted', 'voided')) as others
        from core.reservations as e
        where e.fulfillment_order_id = n.fulfillment_order_id
        offset 0
    ) as r
    where f.state = 'manifested' and r.posted > 0 and r.others = 0
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
