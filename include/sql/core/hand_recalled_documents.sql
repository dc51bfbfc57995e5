-- Cancels a document that people called back; its lines leave the manifest.
with recalled as (
    select fulfillment_order_id, reason
    from core.hand_recalls
    where fulfillment_order_id = :document and state = 'agreed'
),

voided as (
    update core.manifest_lines as m
    set is_void = true
    from recalled as c
    where m.fulfillment_order_id = c.fulfillment_order_id
)

update core.fulfillment_orders as f
set state = 'cancelled', cancelled_at = :now, cancel_reason = c.reason
from recalled as c
where f.fulfillment_order_id = c.fulfillment_order_id
