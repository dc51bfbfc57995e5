-- One row per parcel and SKU of a manifest; key parcel_id, sku_id. Parcels by wave, those of the same shelf together.
with items as (
    select
        w.wave,
        w.parcel_id,
        coalesce(s.locations ->> x.warehouse_id, '') collate "C" as location,
        m.sku_id collate "C" as sku_id,
        coalesce(s.name, min(l.title collate "C")) as title,
        sum(m.quantity) as quantity
    from core.manifest_lines as m
    inner join core.manifests as x on m.manifest_id = x.manifest_id
    inner join core.manifest_waves as w
        on m.manifest_id = w.manifest_id and coalesce(m.parcel_id, m.fulfillment_order_id) = w.parcel_id
    left join core.skus as s on m.sku_id = s.sku_id
    left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
    where m.manifest_id = :manifest_id and not m.is_void
    group by w.wave, w.parcel_id, s.locations ->> x.warehouse_id, m.sku_id, s.name
)

select
    wave,
    parcel_id,
    location,
    sku_id,
    title,
    quantity::text as quantity
from items
order by
    array_position(array['hot', 'single', 'several', 'mixed'], wave),
    min(location) over (partition by parcel_id),
    min(sku_id) over (partition by parcel_id),
    parcel_id,
    location,
    sku_id
