-- One row per reservation still open of the documents that a warehouse calls `:subject` and will send no more of; key
-- reservation_id. `pieces` have left of it; what keeps its line from shipping is in `blocked_by`.
select
    r.reservation_id,
    r.fulfillment_order_id,
    r.order_id,
    r.line_id,
    r.sku_id,
    r.quantity,
    coalesce(s.pieces, 0)::bigint as pieces,
    case when l.line_id is null then 'line_gone' else l.blocked_by end as blocked_by,
    exists (
        select from core.withholdings as w
        where w.order_id = r.order_id and coalesce(w.line_id, r.line_id) = r.line_id
    ) as is_withheld,
    'short_shipped' as reason
from core.fulfillment_orders as f
inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
left join core.delivery_orders as d on f.fulfillment_order_id = d.fulfillment_order_id
left join core.line_readiness as l on r.order_id = l.order_id and r.line_id = l.line_id
left join (
    select fulfillment_order_id, line_id, sum(quantity) as pieces
    from core.shipment_lines
    group by fulfillment_order_id, line_id
) as s on r.fulfillment_order_id = s.fulfillment_order_id and r.line_id = s.line_id
where f.state = 'manifested' and (f.fulfillment_order_id = :subject or d.delivery_order_code = :subject)
order by r.reservation_id
