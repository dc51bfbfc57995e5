-- Lines that waited for a mapping and now have one: they go on by themselves. One row per line.
with mapped as (
    select l.order_id, l.line_id, found.sku_id, found.mapping_id
    from core.order_lines as l
    join core.orders as o using (order_id)
    cross join lateral (
        select m.sku_id, m.mapping_id
        from core.sku_mappings as m
        where m.shop_id in (o.shop_id, '*') and m.platform_sku in (
            upper(btrim(normalize(l.merchant_code, nfkc))), upper(btrim(normalize(l.platform_sku_id, nfkc))))
        order by m.platform_sku = upper(btrim(normalize(l.merchant_code, nfkc))) desc nulls last, m.shop_id = '*'
        limit 1
    ) as found
    where l.sku_id is null
),
updated as (
    update core.order_lines as l set sku_id = mapped.sku_id, sku_mapping_id = mapped.mapping_id
    from mapped where l.order_id = mapped.order_id and l.line_id = mapped.line_id
    returning l.order_id
)
update core.orders as o set checked_version = null
from (select distinct order_id from updated) as touched
where o.order_id = touched.order_id
