-- The guarded promise: a row whose pieces somebody else took in between is left alone, and the count shows it.
update core.stock as s
set reserved = s.reserved + w.pieces
from wanted_stock as w
where s.warehouse_id = w.warehouse_id and s.sku_id = w.sku_id and s.on_hand - s.reserved >= w.pieces
