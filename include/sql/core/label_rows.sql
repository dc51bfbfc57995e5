-- One row per parcel of a manifest; key parcel_id. Receiver values and notes only where the export policy allows them.
with items as (
    select
        coalesce(m.parcel_id, m.fulfillment_order_id) as parcel_id,
        m.sku_id,
        min(coalesce(s.name, l.title, m.sku_id) collate "C") as title,
        sum(m.quantity) as quantity
    from core.manifest_lines as m
    left join core.skus as s on m.sku_id = s.sku_id
    left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
    where m.manifest_id = :manifest_id and not m.is_void
    group by coalesce(m.parcel_id, m.fulfillment_order_id), m.sku_id
),

goods as (
    select
        parcel_id,
        sum(quantity)::text as pieces,
        string_agg(title || '×' || quantity, ';' order by sku_id collate "C") as titles
    from items
    group by parcel_id
)

select
    g.parcel_id,
    -- The token of a replacement is known to its platform under the order that it is for.
    coalesce(p.platform_order_ids, s.platform_order_id, o.platform_order_id) as platform_order_ids,
    o.shop_id,
    case when o.shop_id = any(:masked_shops) then r.name_masked end as name_masked,
    case when o.shop_id = any(:masked_shops) then r.phone_masked end as phone_masked,
    case when o.shop_id = any(:masked_shops) then r.province end as province,
    case when o.shop_id = any(:masked_shops) then r.city end as city,
    case when o.shop_id = any(:masked_shops) then r.district end as district,
    case when o.shop_id = any(:masked_shops) then r.address_masked end as address_masked,
    g.titles,
    g.pieces,
    r.token,
    f.carrier_id,
    to_char(nullif(case
        when p.parcel_id is null then f.cod_fen
        else (
            select sum(y.cod_fen)::bigint from core.fulfillment_orders as y
            where y.fulfillment_order_id = any(string_to_array(p.fulfillment_order_ids, ','))
        )
    end, 0) / 100.0, 'FM999999990.00') as collected_at_door,
    case
        when o.shop_id <> all(:masked_shops) then null
        when p.parcel_id is null then o.buyer_message
        else (
            select string_agg(x.buyer_message, ';' order by x.order_id)
            from core.fulfillment_orders as y
            inner join core.orders as x on y.order_id = x.order_id
            where y.fulfillment_order_id = any(string_to_array(p.fulfillment_order_ids, ','))
        )
    end as buyer_message
from goods as g
inner join core.fulfillment_orders as f on g.parcel_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
left join core.orders as s on o.of_order_id = s.order_id
left join core.receivers as r on o.order_id = r.order_id
left join core.merged_parcels as p on g.parcel_id = p.parcel_id and p.manifest_id = :manifest_id
order by g.parcel_id
