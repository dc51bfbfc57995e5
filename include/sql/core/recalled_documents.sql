-- Cancels the :documents that their warehouse gave back, with their :reasons; their lines leave the manifest.
with recalled as (
    select * from unnest(cast(:documents as text[]), cast(:reasons as text[])) as c (fulfillment_order_id, reason)
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
