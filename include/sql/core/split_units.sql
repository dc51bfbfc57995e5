-- One row per line of the orders :orders that could leave in two parts; key order_id, line_id. Lines of one unit never part:
-- a bundle's parts, and what was bought with the gifts that it earned.
select
    c.order_id,
    coalesce(l.parent_line_id, l.line_id) as unit_id,
    c.line_id,
    c.sku_id,
    c.quantity,
    coalesce(l.paid_fen, 0) as paid_fen
from candidate_lines as c
inner join core.order_lines as l on c.order_id = l.order_id and c.line_id = l.line_id
where c.order_id = any(:orders)
order by c.order_id, min(l.line_no) over (partition by c.order_id, coalesce(l.parent_line_id, l.line_id)), 2, l.line_no, c.line_id
