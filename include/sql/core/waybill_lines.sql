-- One row per line of the parcels whose waybills are asked for: of a chunk, or one by its id; key order_id, line_id.
-- What was called back is no part of a parcel that still leaves; the token is that of the first order in it.
select
    w.fulfillment_order_id,
    w.object_id,
    w.warehouse_id,
    w.cod_fen,
    w.requested_at,
    w.tracking_number,
    f.fulfillment_order_id as document,
    f.weight_g,
    o.order_id,
    o.shop_id,
    o.platform,
    coalesce(s.platform_order_id, o.platform_order_id) as platform_order_id,
    r.token,
    r.province,
    r.city,
    r.district,
    r.town,
    r.name_masked,
    r.phone_masked,
    r.address_masked,
    m.line_id,
    m.quantity,
    coalesce(l.title, m.sku_id) as title,
    coalesce(l.paid_fen, 0) as paid_fen
from core.waybills as w
left join core.merge_decisions as p on w.fulfillment_order_id = p.parcel_id
inner join core.fulfillment_orders as f on coalesce(p.fulfillment_order_id, w.fulfillment_order_id) = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
left join core.orders as s on o.of_order_id = s.order_id
inner join core.manifest_lines as m
    on w.manifest_id = m.manifest_id and f.fulfillment_order_id = m.fulfillment_order_id
    and (not m.is_void or w.state = 'void_requested')
left join core.order_lines as l on m.order_id = l.order_id and m.line_id = l.line_id
left join core.receivers as r on f.order_id = r.order_id
where (:object_id = '' and w.manifest_id = :manifest_id and w.carrier_id = :carrier_id and w.chunk = :chunk and w.state = 'pending')
    or (w.object_id = :object_id and w.state = 'void_requested')
order by w.fulfillment_order_id, f.fulfillment_order_id, m.line_id
