-- Locks the stock rows that `counts` names, in one order, so that what is reserved cannot move under the count.
select from core.stock as s
where (s.warehouse_id, s.sku_id) in (select c.warehouse_id, c.sku_id from counts as c)
order by s.warehouse_id, s.sku_id
for update
