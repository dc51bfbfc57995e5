-- One row per fulfillment order of a warehouse that a name may mean: its own id, or its platform's order number; key
-- name, fulfillment_order_id. What was cancelled comes last. `merged_with` are the others in its parcel.
with named as (
    select n.name, f.fulfillment_order_id, f.state
    from unnest(cast(:names as text[])) as n (name)
    inner join core.fulfillment_orders as f on n.name collate "C" = f.fulfillment_order_id
    where f.warehouse_id = :warehouse_id
    union
    select n.name, f.fulfillment_order_id, f.state
    from unnest(cast(:names as text[])) as n (name)
    inner join core.orders as o on n.name = o.platform_order_id
    inner join core.fulfillment_orders as f on o.order_id = f.order_id
    where f.warehouse_id = :warehouse_id
)

select
    name,
    fulfillment_order_id,
    state <> 'cancelled' as is_standing,
    array(
        select x.fulfillment_order_id
        from core.merge_decisions as d
        inner join core.merge_decisions as x on d.parcel_id = x.parcel_id
        inner join core.fulfillment_orders as f on x.fulfillment_order_id = f.fulfillment_order_id
        where d.fulfillment_order_id = named.fulfillment_order_id
            and x.fulfillment_order_id <> d.fulfillment_order_id and f.state <> 'cancelled'
        order by x.fulfillment_order_id
    ) as merged_with
from named
where state <> 'allocated'
order by name, state = 'cancelled', fulfillment_order_id desc
