-- One row per warehouse and SKU; key warehouse_id, sku_id. The as-of moves also where the figure says the same, but not
-- where it is doubted: a parcel that it lacked already is taken out when it is told of.
insert into core.stock as present (warehouse_id, sku_id, on_hand, counted_at)
select c.warehouse_id, c.sku_id, c.on_hand, case when c.is_doubted then s.counted_at else :as_of end
from counts as c
left join core.stock as s on c.warehouse_id = s.warehouse_id and c.sku_id = s.sku_id
on conflict (warehouse_id, sku_id) do update set on_hand = excluded.on_hand, counted_at = excluded.counted_at
