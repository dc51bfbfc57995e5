-- One row per warehouse and SKU; key warehouse_id, sku_id. The as-of moves also where the figure says the same.
insert into core.stock as present (warehouse_id, sku_id, on_hand, counted_at)
select warehouse_id, sku_id, on_hand, :as_of
from counts
on conflict (warehouse_id, sku_id) do update set on_hand = excluded.on_hand, counted_at = excluded.counted_at
