-- Moves each figure of `counts` from the reading's as-of to now. Parcels recorded before they left in full are still
-- promised, so their pieces come back in; what left after the as-of and is posted goes out again.
with parcels as (
    select
        l.sku_id,
        sum(case when r.state = 'active' then l.quantity else -l.quantity end) as pieces
    from core.shipment_lines as l
    inner join core.shipments as p on l.shipment_id = p.shipment_id
    inner join core.reservations as r on l.fulfillment_order_id = r.fulfillment_order_id and l.line_id = r.line_id
    where l.warehouse_id = :warehouse_id
        and ((r.state = 'active' and p.shipped_at <= :as_of) or (r.state = 'posted' and p.shipped_at > :as_of))
    group by l.sku_id
)

update counts as c
set on_hand = greatest(0, c.on_hand + p.pieces)
from parcels as p
where c.sku_id = p.sku_id
