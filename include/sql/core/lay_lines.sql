-- Lays the corrected quantities and SKUs given over what the platform says; key order_id, line_id.
with laid as (
    select
        order_id,
        line_id,
        max(value ->> 'quantity')::bigint as quantity,
        max(value ->> 'sku_id') as sku_id,
        max(correction_id) filter (where field = 'sku') as sku_correction_id
    from core.corrections
    where correction_id = any(cast(:ids as bigint[])) and state = 'active' and field <> 'address'
    group by order_id, line_id
)

update core.order_lines as l
set quantity = coalesce(f.quantity, l.quantity),
    sku_id = coalesce(f.sku_id, l.sku_id),
    sku_mapping_id = case
        when f.sku_id is not null then 'correction:' || f.sku_correction_id else l.sku_mapping_id
    end
from laid as f
where l.order_id = f.order_id and l.line_id = f.line_id
