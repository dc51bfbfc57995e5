-- Makes of a quantity that was corrected before its line was mapped to a bundle one correction per part, because parts are
-- what is sent; key correction_id. The line shows the platform's quantity. A line whose SKU a person named is no bundle.
with bundles as (
    update core.corrections as c
    set state = 'replaced', ended_at = :now, ended_by = 'mapping'
    from core.order_lines as l
    where c.correction_id = any(cast(:ids as bigint[])) and c.state = 'active' and c.field = 'quantity'
        and c.order_id = l.order_id and c.line_id = l.line_id and l.kind = 'bundle'
        and not exists (
            select from core.corrections as s
            where s.order_id = c.order_id and s.line_id = c.line_id and s.field = 'sku' and s.state = 'active'
        )
    returning c.*, l.sku_id, l.quantity
),

parts as (
    select
        b.*,
        p.line_id as part_line_id,
        coalesce(p.quantity / nullif(b.quantity, 0), d.quantity) as pieces
    from bundles as b
    inner join core.order_lines as p
        on b.order_id = p.order_id and b.line_id = p.parent_line_id and p.kind = 'bundle_part'
    left join core.bundle_parts as d
        on b.sku_id = d.bundle_sku_id and p.line_id = b.line_id || '~p' || d.part_no
)

insert into core.corrections (
    order_id, line_id, field, value, value_shown, base_value, base_shown, made_at, made_by, reason
)
select
    order_id,
    part_line_id,
    field,
    jsonb_build_object('said', (pieces * (value ->> 'quantity')::bigint)::text, 'quantity', pieces * (value ->> 'quantity')::bigint),
    (pieces * (value ->> 'quantity')::bigint)::text,
    jsonb_build_object('said', (pieces * (base_value ->> 'quantity')::bigint)::text, 'quantity', pieces * (base_value ->> 'quantity')::bigint),
    coalesce((pieces * (base_value ->> 'quantity')::bigint)::text, '?'),
    made_at,
    made_by,
    reason
from parts
where not exists (
    select from core.corrections as own
    where own.order_id = parts.order_id and own.line_id = parts.part_line_id and own.field = 'quantity' and own.state = 'active'
)
returning correction_id
