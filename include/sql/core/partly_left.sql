-- One row per document of :documents that its warehouse gave back after some pieces of a line had left: what becomes of
-- the rest is a person's to say; key doubt_id.
insert into core.shipment_doubts (doubt_id, warehouse_id, subject, reason, evidence, seen_at)
select
    subject || '|short_shipped|' || string_agg(sku_id, ',' order by sku_id),
    warehouse_id,
    subject,
    'short_shipped',
    jsonb_object_agg(sku_id, pieces),
    :now
from (
    select
        coalesce(d.delivery_order_code, r.fulfillment_order_id) as subject,
        r.warehouse_id,
        r.sku_id,
        sum(r.quantity - l.pieces)::bigint as pieces
    from core.reservations as r
    inner join (
        select fulfillment_order_id, line_id, sum(quantity) as pieces
        from core.shipment_lines
        where fulfillment_order_id = any(:documents)
        group by fulfillment_order_id, line_id
    ) as l on r.fulfillment_order_id = l.fulfillment_order_id and r.line_id = l.line_id
    left join core.delivery_orders as d on r.fulfillment_order_id = d.fulfillment_order_id
    where r.state = 'active'
    group by 1, 2, 3
) as rest
group by subject, warehouse_id
on conflict do nothing
