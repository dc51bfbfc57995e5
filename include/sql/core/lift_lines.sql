-- Shows the platform's own quantity or SKU again for the corrections given; key order_id, line_id. What the files
-- call a bundle or a service was laid as goods: without its SKU it is mapped again, as if it had just arrived.
with lifted as (
    select
        order_id,
        line_id,
        bool_or(field = 'quantity') as has_quantity,
        bool_or(field = 'sku') as has_sku,
        max(platform_value ->> 'quantity')::bigint as quantity,
        max(platform_value ->> 'sku_id') as sku_id,
        max(platform_value ->> 'sku_mapping_id') as sku_mapping_id
    from core.corrections
    where correction_id = any(cast(:ids as bigint[])) and is_applied and field in ('sku', 'quantity')
    group by order_id, line_id
)

update core.order_lines as l
set quantity = case when f.has_quantity then f.quantity else l.quantity end,
    sku_id = case when not f.has_sku then l.sku_id when s.sku_id is null then f.sku_id end,
    sku_mapping_id = case when not f.has_sku then l.sku_mapping_id when s.sku_id is null then f.sku_mapping_id end
from lifted as f
left join core.skus as s on f.sku_id = s.sku_id and s.kind in ('bundle', 'service')
where l.order_id = f.order_id and l.line_id = f.line_id
