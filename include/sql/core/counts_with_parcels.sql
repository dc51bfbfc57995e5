-- Moves each figure of `counts` from the reading's as-of to now. Parcels recorded before they left in full are still
-- promised, so their pieces come back in; what left after the as-of and is posted goes out again.
with moved as (
    select l.sku_id, l.quantity as pieces
    from core.reservations as r
    inner join core.shipment_lines as l on r.fulfillment_order_id = l.fulfillment_order_id and r.line_id = l.line_id
    inner join core.shipments as p on l.shipment_id = p.shipment_id
    where r.state = 'active' and r.warehouse_id = :warehouse_id and p.shipped_at <= :as_of
    union all
    select l.sku_id, -l.quantity
    from core.shipments as p
    -- Offset 0: what left since a minute ago is few, whatever the planner expects of it.
    cross join lateral (
        select e.sku_id, e.quantity
        from core.shipment_lines as e
        inner join core.reservations as r on e.fulfillment_order_id = r.fulfillment_order_id and e.line_id = r.line_id
        where e.shipment_id = p.shipment_id and e.warehouse_id = :warehouse_id and r.state = 'posted'
        offset 0
    ) as l
    where p.shipped_at > :as_of
),

parcels as (
    select sku_id, sum(pieces) as pieces
    from moved
    group by sku_id
)

update counts as c
set on_hand = greatest(0, c.on_hand + p.pieces)
from parcels as p
where c.warehouse_id = :warehouse_id and c.sku_id = p.sku_id
