-- Locks the stock rows that `confirmed_lines` raises, in one order.
select from core.stock as s
where (s.warehouse_id, s.sku_id) in (select c.warehouse_id, c.sku_id from confirmed_lines as c where c.grade = 'sellable')
order by s.warehouse_id, s.sku_id
for update
