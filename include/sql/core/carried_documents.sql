-- Gives documents that were made before this pass the carrier chosen now; the same choice again changes no row.
update core.fulfillment_orders as f
set
    carrier_id = k.carrier_id,
    carrier_rule_id = k.carrier_rule_id,
    carrier_reason_id = k.carrier_reason_id,
    carrier_version_id = o.version_id,
    carrier_date = k.carrier_date,
    carrier_left = k.carrier_left,
    ship_not_before = k.ship_not_before,
    freight_fen = k.freight_fen,
    weight_g = k.weight_g
from carrier_choices as k
inner join core.orders as o on k.order_id = o.order_id
where f.fulfillment_order_id = k.fulfillment_order_id
    and (
        f.carrier_id, f.carrier_rule_id, f.carrier_reason_id, f.carrier_version_id, f.carrier_date, f.ship_not_before,
        f.freight_fen, f.weight_g
    ) is distinct from (
        k.carrier_id, k.carrier_rule_id, k.carrier_reason_id, o.version_id, k.carrier_date, k.ship_not_before,
        k.freight_fen, k.weight_g
    )
