-- One row per wave, shelf and SKU of a manifest; key wave, sku_id. What to take from the shelves, in the order of walking.
select
    w.wave,
    coalesce(s.locations ->> x.warehouse_id, '') as location,
    m.sku_id,
    coalesce(s.name, min(l.title collate "C")) as title,
    sum(m.quantity)::text as quantity,
    count(distinct w.parcel_id)::text as parcels
from core.manifest_lines as m
inner join core.manifests as x on m.manifest_id = x.manifest_id
inner join core.manifest_waves as w
    on m.manifest_id = w.manifest_id and coalesce(m.parcel_id, m.fulfillment_order_id) = w.parcel_id
left join core.skus as s on m.sku_id = s.sku_id
left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
where m.manifest_id = :manifest_id and not m.is_void
group by w.wave, s.locations, x.warehouse_id, m.sku_id, s.name
order by
    array_position(array['hot', 'single', 'several', 'mixed'], w.wave),
    coalesce(s.locations ->> x.warehouse_id, '') collate "C",
    m.sku_id collate "C"
