-- One row per line that a decision of this pass ships; key order_id, line_id. In the order of the key: rows that are
-- written in the order of their indexes cost half.
create temporary table routed_lines on commit drop as
select
    c.order_id,
    c.line_id,
    c.sku_id,
    c.quantity,
    d.fulfillment_order_id,
    d.warehouse_id,
    d.is_shadow
from routed_documents as d
inner join candidate_lines as c on d.order_id = c.order_id
left join split_lines as s on c.order_id = s.order_id and c.line_id = s.line_id
where d.part = coalesce(s.part, 0)
order by c.order_id, c.line_id
