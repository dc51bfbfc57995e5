-- One row per parcel of an order that its platform may hear of, the one asked for first; key shipment_id.
select
    w.shipment_id,
    w.order_id,
    w.state,
    w.reason,
    coalesce(p.platform_order_id, o.platform_order_id) as platform_order_id,
    o.order_kind,
    r.platform_refund_id,
    s.tracking_number,
    s.carrier_code,
    s.shipped_at,
    exists (select from core.shipment_lines as l where l.shipment_id = w.shipment_id) as has_lines
from core.tracking_writes as w
inner join core.shipments as s on w.shipment_id = s.shipment_id
inner join core.orders as o on w.order_id = o.order_id
left join core.orders as p on o.of_order_id = p.order_id
left join core.replacements as n on o.order_id = n.order_id
left join core.refunds as r on n.refund_id = r.refund_id
where w.order_id = :order_id
order by w.shipment_id <> :shipment_id, s.shipped_at, w.shipment_id
