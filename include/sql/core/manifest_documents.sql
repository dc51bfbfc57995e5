-- One row per document of a manifest, also one that was taken back since; key fulfillment_order_id.
select
    f.fulfillment_order_id,
    o.platform_order_id,
    sum(m.quantity) as pieces,
    f.carrier_id,
    case when bool_and(m.is_void) then 'void' else f.state end as state,
    min(m.parcel_id) as parcel_id
from core.manifest_lines as m
inner join core.fulfillment_orders as f on m.fulfillment_order_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
where m.manifest_id = :manifest_id
group by f.fulfillment_order_id, o.platform_order_id
order by f.fulfillment_order_id
limit :most
