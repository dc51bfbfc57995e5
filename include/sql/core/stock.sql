-- One row per warehouse and SKU; key warehouse_id, sku_id. The as-of moves also where the figure says the same: it was
-- counted again.
insert into core.stock as present (warehouse_id, sku_id, on_hand, counted_at)
select warehouse_id, sku_id, on_hand, :now
from counts
on conflict (warehouse_id, sku_id) do update set on_hand = excluded.on_hand, counted_at = excluded.counted_at
where (present.on_hand <> excluded.on_hand or present.counted_at < excluded.counted_at)
    and present.reserved <= excluded.on_hand
