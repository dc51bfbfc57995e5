-- Locks the stock of the warehouses that `counts` names, in one order, so that what is reserved cannot move under the
-- count; whole warehouses, since a document that gives its promise back gives back all of it.
select from core.stock as s
where s.warehouse_id in (select c.warehouse_id from counts as c)
order by s.warehouse_id, s.sku_id
for update
