-- One row per line of a manifest; key order_id, line_id. Parcels by wave, those of the same shelf together.
select
    w.wave,
    w.parcel_id,
    coalesce(s.locations ->> x.warehouse_id, '') as location,
    m.sku_id,
    coalesce(s.name, l.title) as title,
    m.quantity::text as quantity
from core.manifest_lines as m
inner join core.manifests as x on m.manifest_id = x.manifest_id
inner join core.manifest_waves as w
    on m.manifest_id = w.manifest_id and coalesce(m.parcel_id, m.fulfillment_order_id) = w.parcel_id
left join core.skus as s on m.sku_id = s.sku_id
left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
where m.manifest_id = :manifest_id and not m.is_void
order by
    array_position(array['hot', 'single', 'several', 'mixed'], w.wave),
    min(coalesce(s.locations ->> x.warehouse_id, '') collate "C") over (partition by w.parcel_id),
    min(m.sku_id collate "C") over (partition by w.parcel_id),
    w.parcel_id,
    coalesce(s.locations ->> x.warehouse_id, '') collate "C",
    m.sku_id collate "C",
    m.order_id,
    m.line_id
