-- One row per document, or order without one, and set of rules that were tried; key is_proposed, order_id, part. `decisions`
-- are those of one day; the outcome of an order in two parts stands on the first.
insert into replayed_orders (is_proposed, order_id, part, outcome, warehouse_id, carrier_id, freight_fen)
select
    :is_proposed, d.order_id, d.part, case d.part when 0 then d.outcome when 1 then 'split' end, d.warehouse_id,
    c.carrier_id, c.freight_fen
from decisions as d
left join carrier_choices as c
    on d.order_id = c.order_id and d.warehouse_id = c.warehouse_id and c.fulfillment_order_id is null
