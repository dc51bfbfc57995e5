-- One row per active reservation all of whose pieces have left, or any where no more will (:is_over); key reservation_id.
-- `pieces` is what on_hand still counts.
create temporary table posted_reservations on commit drop as
select
    r.reservation_id,
    r.fulfillment_order_id,
    r.warehouse_id,
    r.sku_id,
    r.quantity,
    coalesce(sum(l.quantity) filter (where l.is_in_on_hand), 0)::bigint as pieces
from core.reservations as r
inner join core.shipment_lines as l on r.fulfillment_order_id = l.fulfillment_order_id and r.line_id = l.line_id
where r.state = 'active' and r.fulfillment_order_id = any(:documents)
group by r.reservation_id
having :is_over or sum(l.quantity) >= r.quantity
