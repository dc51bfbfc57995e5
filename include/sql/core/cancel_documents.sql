-- Cancels the fulfillment orders of `withdrawals` that promise nothing any more; what a shadow manifest listed of them
-- may be listed again.
with struck as (
    update core.manifest_lines as m
    set is_void = true
    from withdrawals as w
    inner join core.reservations as r on w.reservation_id = r.reservation_id
    where m.order_id = r.order_id
        and m.line_id = r.line_id
        and m.fulfillment_order_id = r.fulfillment_order_id
        and not m.is_void
)

update core.fulfillment_orders as f
set state = 'cancelled', cancelled_at = :now, cancel_reason = w.reason
from (select fulfillment_order_id, min(reason) as reason from withdrawals group by fulfillment_order_id) as w
where f.fulfillment_order_id = w.fulfillment_order_id
    and (f.state = 'allocated' or (f.state = 'manifested' and f.is_shadow))
    and not exists (
        select from core.reservations as r
        where r.fulfillment_order_id = f.fulfillment_order_id and r.state = 'active'
    )
