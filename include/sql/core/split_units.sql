-- One row per line of the orders :orders that could leave in two parts; key order_id, line_id. Lines of one unit never part:
-- a bundle's parts, and what was bought with the gifts that it earned. `kept_by` is the tag of :no_split that some of the
-- order's goods have, or the bundle that they are sold as.
with goods as (
    select
        c.order_id,
        coalesce(l.parent_line_id, l.line_id) as unit_id,
        c.line_id,
        l.line_no,
        c.sku_id,
        c.quantity,
        coalesce(l.paid_fen, 0) as paid_fen,
        (
            select min(t.tag)
            from core.skus as s
            cross join unnest(s.tags) as t (tag)
            where s.sku_id in (c.sku_id, b.sku_id) and t.tag = any(cast(:no_split as text[]))
        ) as tag
    from candidate_lines as c
    inner join core.order_lines as l on c.order_id = l.order_id and c.line_id = l.line_id
    left join core.order_lines as b on l.order_id = b.order_id and l.parent_line_id = b.line_id
    where c.order_id = any(:orders)
)

select order_id, unit_id, line_id, sku_id, quantity, paid_fen, min(tag) over (partition by order_id) as kept_by
from goods
order by order_id, min(line_no) over (partition by order_id, unit_id), unit_id, line_no, line_id
