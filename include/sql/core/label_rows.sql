-- One row per document of a manifest; key fulfillment_order_id. Receiver values and notes only where the export policy allows them.
with goods as (
    select
        m.fulfillment_order_id,
        sum(m.quantity)::text as pieces,
        string_agg(
            coalesce(s.name, l.title, m.sku_id) || '×' || m.quantity, ';' order by m.sku_id collate "C", m.line_id
        ) as titles
    from core.manifest_lines as m
    left join core.skus as s on m.sku_id = s.sku_id
    left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
    where m.manifest_id = :manifest_id and not m.is_void
    group by m.fulfillment_order_id
)

select
    g.fulfillment_order_id,
    -- The token of a replacement is known to its platform under the order that it is for.
    coalesce(s.platform_order_id, o.platform_order_id) as platform_order_id,
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
    case when o.shop_id = any(:masked_shops) then o.buyer_message end as buyer_message
from goods as g
inner join core.fulfillment_orders as f on g.fulfillment_order_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
left join core.orders as s on o.of_order_id = s.order_id
left join core.receivers as r on o.order_id = r.order_id
order by g.fulfillment_order_id
