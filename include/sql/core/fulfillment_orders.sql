-- One row per part of an order that one warehouse ships; key fulfillment_order_id = order_id@n.
insert into core.fulfillment_orders (
    fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id, version_id, config_version, is_shadow,
    receiver_key, allocated_at, _pass_id, carrier_id, carrier_rule_id, carrier_reason_id, carrier_version_id, carrier_date,
    carrier_left, ship_not_before, freight_fen, weight_g
)
select
    d.fulfillment_order_id,
    d.order_id,
    d.warehouse_id,
    'allocated',
    d.rule_id,
    d.version_id,
    :config_version,
    d.is_shadow,
    r.receiver_key,
    :now,
    :pass_id,
    k.carrier_id,
    k.carrier_rule_id,
    k.carrier_reason_id,
    case when k.order_id is not null then d.version_id end,
    k.carrier_date,
    k.carrier_left,
    k.ship_not_before,
    k.freight_fen,
    k.weight_g
from routed_documents as d
left join carrier_choices as k
    on d.order_id = k.order_id and d.warehouse_id = k.warehouse_id and k.fulfillment_order_id is null
left join core.receivers as r on d.order_id = r.order_id
order by d.order_id, d.part
