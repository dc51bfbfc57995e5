-- Lays the corrected quantities and SKUs given over what the platform says; key order_id, line_id. A line whose SKU a
-- person named is goods and sent as it is, whatever the merchant's files come to call its code: the parts of a bundle go,
-- unless a warehouse was handed them.
with laid as (
    select
        order_id,
        line_id,
        max(value ->> 'quantity')::bigint as quantity,
        max(value ->> 'sku_id') as sku_id,
        max(correction_id) filter (where field = 'sku') as sku_correction_id
    from core.corrections
    where correction_id = any(cast(:ids as bigint[])) and state = 'active' and field in ('sku', 'quantity')
    group by order_id, line_id
),

named as (
    select f.order_id, f.line_id
    from laid as f
    where f.sku_id is not null
        and not exists (
            select from core.manifest_lines as m
            where m.order_id = f.order_id and not m.is_void and starts_with(m.line_id, f.line_id || '~p')
        )
),

unpacked as (
    delete from core.order_lines as p
    using named as n
    where p.order_id = n.order_id and p.parent_line_id = n.line_id and p.kind = 'bundle_part'
)

update core.order_lines as l
set quantity = coalesce(f.quantity, l.quantity),
    sku_id = coalesce(f.sku_id, l.sku_id),
    sku_mapping_id = case
        when f.sku_id is not null then 'correction:' || f.sku_correction_id else l.sku_mapping_id
    end,
    kind = case
        when l.kind in ('bundle', 'service') and (f.order_id, f.line_id) in (select order_id, line_id from named)
            then 'goods'
        else l.kind
    end
from laid as f
where l.order_id = f.order_id and l.line_id = f.line_id
