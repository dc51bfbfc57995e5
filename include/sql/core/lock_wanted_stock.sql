-- Locks the stock rows that `wanted_stock` names, in one order.
select from core.stock as s
where (s.warehouse_id, s.sku_id) in (select w.warehouse_id, w.sku_id from wanted_stock as w)
order by s.warehouse_id, s.sku_id
for update
