-- One row per line of a manifest; key order_id, line_id. Receiver values only where the export policy allows them.
with chosen as (
    select
        m.fulfillment_order_id,
        m.line_id,
        m.parcel_id,
        o.platform_order_id,
        o.shop_id,
        m.sku_id,
        l.title,
        m.quantity,
        r.token,
        r.province,
        r.city,
        r.district,
        case when o.shop_id = any(:masked_shops) then r.name_masked end as name_masked,
        case when o.shop_id = any(:masked_shops) then r.phone_masked end as phone_masked,
        case when o.shop_id = any(:masked_shops) then r.address_masked end as address_masked,
        o.ship_by_at at time zone 'Asia/Shanghai' as ship_by
    from core.manifest_lines as m
    inner join core.orders as o on m.order_id = o.order_id
    left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
    left join core.receivers as r on m.order_id = r.order_id
    where m.manifest_id = :manifest_id and not m.is_void
)

select
    fulfillment_order_id,
    line_id,
    coalesce(cast(:shops as jsonb) ->> shop_id, shop_id) as shop_name,
    platform_order_id,
    sku_id,
    title,
    quantity::text as quantity,
    token,
    province,
    city,
    district,
    name_masked,
    phone_masked,
    address_masked,
    to_char(ship_by, 'YYYY-MM-DD HH24:MI:SS') as ship_by,
    parcel_id
from chosen
order by coalesce(parcel_id, fulfillment_order_id), fulfillment_order_id, line_id
