-- One row per part of an order that one warehouse ships; key fulfillment_order_id = order_id@n.
insert into core.fulfillment_orders (
    fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id, version_id, config_version, is_shadow,
    receiver_key, allocated_at, _pass_id
)
select
    d.order_id || '@' || (1 + coalesce(earlier.documents, 0)),
    d.order_id,
    d.warehouse_id,
    'allocated',
    d.rule_id,
    d.version_id,
    :config_version,
    d.is_shadow,
    r.receiver_key,
    :now,
    :pass_id
from decisions as d
left join (
    select f.order_id, count(*) as documents
    from core.fulfillment_orders as f
    inner join decisions as c on f.order_id = c.order_id
    group by f.order_id
) as earlier on d.order_id = earlier.order_id
left join core.receivers as r on d.order_id = r.order_id
where d.outcome = 'allocated'
