-- Gives the pieces of `withdrawals` back, once per warehouse and SKU.
with freed as (
    select warehouse_id, sku_id, sum(quantity) as pieces
    from withdrawals
    group by warehouse_id, sku_id
)

update core.stock as s
set reserved = s.reserved - f.pieces
from freed as f
where s.warehouse_id = f.warehouse_id and s.sku_id = f.sku_id
