-- One row per line of the fulfillment orders that a warehouse reports on, with the document's tracking numbers; key
-- fulfillment_order_id, line_id.
select
    f.fulfillment_order_id,
    f.order_id,
    f.state,
    f.allocated_at,
    r.line_id,
    r.sku_id,
    -- What a person settled short wants no more pieces.
    case when r.state = 'posted' and r.resolution = 'short_shipped' then coalesce(s.pieces, 0) else r.quantity end::bigint as quantity,
    r.state as reservation_state,
    coalesce(s.pieces, 0)::bigint as shipped,
    coalesce(p.numbers, '{}') as tracking_numbers
from core.fulfillment_orders as f
inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id
left join (
    select l.fulfillment_order_id, l.line_id, sum(l.quantity) as pieces
    from core.shipment_lines as l
    where l.fulfillment_order_id = any(:documents)
    group by l.fulfillment_order_id, l.line_id
) as s on r.fulfillment_order_id = s.fulfillment_order_id and r.line_id = s.line_id
left join (
    select fulfillment_order_id, array_agg(tracking_number) as numbers
    from core.shipments
    where fulfillment_order_id = any(:documents)
    group by fulfillment_order_id
) as p on f.fulfillment_order_id = p.fulfillment_order_id
where f.fulfillment_order_id = any(:documents)
order by f.fulfillment_order_id, r.line_id
