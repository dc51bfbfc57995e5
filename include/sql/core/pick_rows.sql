-- One row per wave, shelf and SKU of a manifest; key wave, sku_id. What to take from the shelves, in the order of walking.
with taken as (
    select
        coalesce(m.parcel_id, m.fulfillment_order_id) as parcel_id,
        m.sku_id,
        sum(m.quantity) as quantity,
        min(l.title collate "C") as title
    from core.manifest_lines as m
    left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
    where m.manifest_id = :manifest_id and not m.is_void
    group by coalesce(m.parcel_id, m.fulfillment_order_id), m.sku_id
),

picked as (
    select w.wave, t.sku_id, sum(t.quantity) as quantity, count(*) as parcels, min(t.title) as title
    from taken as t
    inner join core.manifest_waves as w on w.manifest_id = :manifest_id and t.parcel_id = w.parcel_id
    group by w.wave, t.sku_id
)

select
    p.wave,
    coalesce(s.locations ->> x.warehouse_id, '') as location,
    p.sku_id,
    coalesce(s.name, p.title) as title,
    p.quantity::text as quantity,
    p.parcels::text as parcels
from picked as p
inner join core.manifests as x on x.manifest_id = :manifest_id
left join core.skus as s on p.sku_id = s.sku_id
order by
    array_position(array['hot', 'single', 'several', 'mixed'], p.wave),
    coalesce(s.locations ->> x.warehouse_id, '') collate "C",
    p.sku_id collate "C"
