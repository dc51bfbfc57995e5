-- Cancels the fulfillment orders of `withdrawals` that promise nothing any more.
update core.fulfillment_orders as f
set state = 'cancelled', cancelled_at = :now, cancel_reason = w.reason
from (select fulfillment_order_id, min(reason) as reason from withdrawals group by fulfillment_order_id) as w
where f.fulfillment_order_id = w.fulfillment_order_id
    and f.state = 'allocated'
    and not exists (
        select from core.reservations as r
        where r.fulfillment_order_id = f.fulfillment_order_id and r.state = 'active'
    )
