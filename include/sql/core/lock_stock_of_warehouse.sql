-- Locks a warehouse's stock, in one order, so that neither promises nor parcels move under the reading.
select from core.stock as s
where s.warehouse_id = :warehouse_id
order by s.warehouse_id, s.sku_id
for update
