-- A SKU that comes back to a building that never counted it begins with nothing there; key warehouse_id, sku_id.
insert into core.stock (warehouse_id, sku_id, on_hand, counted_at)
select warehouse_id, sku_id, 0, min(confirmed_at) - interval '1 second'
from confirmed_lines
where grade = 'sellable'
group by warehouse_id, sku_id
order by warehouse_id, sku_id
on conflict do nothing
