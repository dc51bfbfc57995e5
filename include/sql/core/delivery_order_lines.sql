-- One row per line of the delivery orders of a chunk that no answer has settled and that wait for no waybill; key
-- order_id, line_id. Parcels together.
select
    d.fulfillment_order_id,
    d.delivery_order_code,
    d.created_at,
    f.carrier_id,
    f.cod_fen,
    case when w.state = 'got' then w.tracking_number end as tracking_number,
    o.order_id,
    o.platform,
    coalesce(s.platform_order_id, o.platform_order_id) as platform_order_id,
    o.shop_id,
    o.order_kind,
    o.buyer_label,
    o.placed_at,
    o.paid_at,
    o.ship_by_at,
    r.token,
    r.province,
    r.city,
    r.district,
    r.town,
    r.name_masked,
    r.phone_masked,
    r.address_masked,
    m.line_id,
    m.sku_id,
    m.quantity,
    l.title,
    coalesce(l.unit_price_fen, 0) as unit_price_fen,
    coalesce(l.paid_fen, 0) as paid_fen,
    earlier.delivery_order_code as earlier_code
from core.delivery_orders as d
inner join core.fulfillment_orders as f on d.fulfillment_order_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
-- A replacement has the receiver, and so the token, of the order that it is for.
left join core.orders as s on o.of_order_id = s.order_id
left join lateral (
    select e.delivery_order_code
    from core.delivery_orders as e
    inner join core.fulfillment_orders as g on e.fulfillment_order_id = g.fulfillment_order_id
    where g.order_id = o.of_order_id and e.warehouse_id = d.warehouse_id and e.state = 'shipped'
    order by e.fulfillment_order_id limit 1
) as earlier on true
inner join core.manifest_lines as m
    on d.manifest_id = m.manifest_id and d.fulfillment_order_id = m.fulfillment_order_id and not m.is_void
left join core.waybills as w on d.delivery_order_code = w.object_id
left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
left join core.receivers as r on o.order_id = r.order_id
where d.manifest_id = :manifest_id and d.chunk = :chunk and d.state = 'pending' and w.state is distinct from 'pending'
order by coalesce(m.parcel_id, m.fulfillment_order_id), d.fulfillment_order_id, m.line_id
