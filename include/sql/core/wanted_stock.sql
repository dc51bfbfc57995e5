-- One row per warehouse and SKU that this pass wants pieces of; key warehouse_id, sku_id.
create temporary table wanted_stock on commit drop as
select d.warehouse_id, c.sku_id, sum(c.quantity)::bigint as pieces
from candidate_lines as c
left join split_lines as s on c.order_id = s.order_id and c.line_id = s.line_id
inner join decisions as d on c.order_id = d.order_id and d.outcome = 'allocated' and d.part = coalesce(s.part, 0)
group by d.warehouse_id, c.sku_id
