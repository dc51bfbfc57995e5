-- One row per SKU of a manifest; key sku_id. What to take from the shelves.
select
    m.sku_id,
    min(l.title collate "C") as title,
    sum(m.quantity)::text as quantity,
    count(*)::text as lines
from core.manifest_lines as m
left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
where m.manifest_id = :manifest_id and not m.is_void
group by m.sku_id
order by m.sku_id collate "C"
