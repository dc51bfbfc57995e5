-- Pieces in parcels that are recorded and not posted are inside the figures of `counts`: posting will take them out.
update core.shipment_lines as l
set is_in_on_hand = true
from core.reservations as r, counts as c
where l.fulfillment_order_id = r.fulfillment_order_id and l.line_id = r.line_id and r.state = 'active'
    and l.warehouse_id = c.warehouse_id and l.sku_id = c.sku_id
    and not l.is_in_on_hand
