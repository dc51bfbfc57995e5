-- One row per warehouse and SKU that this pass wants pieces of; key warehouse_id, sku_id.
create temporary table wanted_stock on commit drop as
select warehouse_id, sku_id, sum(quantity)::bigint as pieces
from routed_lines
group by warehouse_id, sku_id
