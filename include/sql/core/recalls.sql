-- Calls back delivery orders whose order or line must not leave any more and of which nothing has left; once each.
-- One row per delivery order that is called back now; key fulfillment_order_id.
with stopped as (
    select d.fulfillment_order_id, min(coalesce(l.blocked_by, 'line_gone')) as reason
    from core.delivery_orders as d
    inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    left join core.line_readiness as l on r.order_id = l.order_id and r.line_id = l.line_id
    where d.state in ('pending', 'accepted', 'refused')
        and d.recall is null
        and (
            l.line_id is null
            or l.blocked_by in (
                'order_stopped', 'order_cancelled', 'order_no_ship', 'order_waits',
                'line_stopped', 'line_cancelled', 'line_waits'
            )
        )
        and not exists (
            select from core.shipments as s where s.fulfillment_order_id = d.fulfillment_order_id
        )
    group by d.fulfillment_order_id
)

update core.delivery_orders as d
set recall = 'requested', recall_reason = s.reason
from stopped as s
where d.fulfillment_order_id = s.fulfillment_order_id
returning d.fulfillment_order_id, d.delivery_order_code, d.warehouse_id, d.manifest_id, d.chunk
