-- Takes the pieces of `posted_reservations` out of the building and out of what is promised, once per warehouse and SKU.
with posted as (
    select warehouse_id, sku_id, sum(quantity)::bigint as promised, sum(pieces)::bigint as pieces
    from posted_reservations
    group by warehouse_id, sku_id
)

update core.stock as s
set on_hand = s.on_hand - p.pieces, reserved = s.reserved - p.promised
from posted as p
where s.warehouse_id = p.warehouse_id and s.sku_id = p.sku_id
