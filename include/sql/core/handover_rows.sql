-- One row per parcel of a manifest; key parcel_id. What each carrier's driver takes, carriers together; none chosen comes last.
select
    f.carrier_id,
    w.parcel_id,
    o.shop_id,
    coalesce(p.platform_order_ids, o.platform_order_id) as platform_order_ids,
    w.pieces::text as pieces,
    w.wave
from core.manifest_waves as w
inner join core.fulfillment_orders as f on w.parcel_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
left join core.merged_parcels as p on w.parcel_id = p.parcel_id and p.manifest_id = :manifest_id
where w.manifest_id = :manifest_id
order by f.carrier_id collate "C" nulls last, w.parcel_id
