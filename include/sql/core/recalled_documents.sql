-- Ends the delivery order that its WMS gave back: its fulfillment orders are cancelled, their lines leave the manifest.
-- What was merged with the order that must not leave is routed anew.
with recalled as (
    update core.delivery_orders
    set state = 'cancelled', recall = 'agreed', ended_at = :now
    where delivery_order_code = :code and state <> 'shipped'
    returning fulfillment_order_id, coalesce(recall_reason, 'parcel_recalled') as recall_reason
),

voided as (
    update core.manifest_lines as m
    set is_void = true
    from recalled as c
    where m.fulfillment_order_id = c.fulfillment_order_id
)

update core.fulfillment_orders as f
set state = 'cancelled', cancelled_at = :now, cancel_reason = c.recall_reason
from recalled as c
where f.fulfillment_order_id = c.fulfillment_order_id
