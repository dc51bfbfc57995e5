-- One row per posted reservation whose pieces on_hand still counted; key warehouse_id, sku_id, reason, source_id.
insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at)
select warehouse_id, sku_id, -pieces, 'shipped', reservation_id, :now
from posted_reservations
where pieces > 0
order by reservation_id
