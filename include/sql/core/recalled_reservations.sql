-- One row per active reservation of the :documents that their warehouse gave back, with their :reasons; key
-- reservation_id. A line of which some pieces have left waits for a person.
create temporary table withdrawals on commit drop as
select r.reservation_id, r.fulfillment_order_id, r.warehouse_id, r.sku_id, r.quantity, c.reason
from unnest(cast(:documents as text[]), cast(:reasons as text[])) as c (fulfillment_order_id, reason)
inner join core.reservations as r on c.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
where not exists (
    select from core.shipment_lines as l
    where l.fulfillment_order_id = r.fulfillment_order_id and l.line_id = r.line_id
)
