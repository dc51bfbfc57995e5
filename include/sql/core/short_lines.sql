-- One row per reservation still open of the documents that a warehouse calls `:subject` and will send no more of; key
-- reservation_id. `pieces` have left of it; what is missing may be sent again where `gate` says so, by `resend_id`.
select
    r.reservation_id,
    r.fulfillment_order_id,
    r.order_id,
    r.line_id,
    r.sku_id,
    r.quantity,
    coalesce(s.pieces, 0)::bigint as pieces,
    coalesce(g.gate, 'stop') as gate,
    o.shop_id || '/BF' || o.platform_order_id || '_S' || substring(r.fulfillment_order_id from '[0-9]+$') as resend_id,
    exists (
        select from core.withholdings as w
        where w.order_id = r.order_id and coalesce(w.line_id, r.line_id) = r.line_id
    ) as is_withheld,
    n.gift_rule_id is not null as is_own_gift,
    'short_shipped' as reason
from core.fulfillment_orders as f
inner join core.orders as o on f.order_id = o.order_id
inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
left join core.order_lines as n on r.order_id = n.order_id and r.line_id = n.line_id
left join core.delivery_orders as d on f.fulfillment_order_id = d.fulfillment_order_id
left join core.resend_gates as g on r.order_id = g.order_id and r.line_id = g.line_id
left join (
    select fulfillment_order_id, line_id, sum(quantity) as pieces
    from core.shipment_lines
    group by fulfillment_order_id, line_id
) as s on r.fulfillment_order_id = s.fulfillment_order_id and r.line_id = s.line_id
where f.state = 'manifested' and (f.fulfillment_order_id = :subject or d.delivery_order_code = :subject)
order by r.reservation_id
