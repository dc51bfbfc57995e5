-- One row per order and set of rules that were tried; key is_proposed, order_id. `decisions` are those of one day.
insert into replayed_orders (is_proposed, order_id, outcome, warehouse_id, carrier_id, freight_fen)
select :is_proposed, d.order_id, d.outcome, d.warehouse_id, c.carrier_id, c.freight_fen
from decisions as d
left join carrier_choices as c on d.order_id = c.order_id and c.fulfillment_order_id is null
