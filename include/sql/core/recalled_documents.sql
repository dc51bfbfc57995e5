-- Ends the :documents that their warehouse gave back, with their :reasons: cancelled, or shipped as far as they had left;
-- the lines that had not leave the manifest. One of which a line left in part stays as it is; so does one that has ended.
with recalled as (
    select * from unnest(cast(:documents as text[]), cast(:reasons as text[])) as c (fulfillment_order_id, reason)
),

voided as (
    update core.manifest_lines as m
    set is_void = true
    from recalled as c
    where m.fulfillment_order_id = c.fulfillment_order_id
        and not exists (
            select from core.shipment_lines as l
            where l.fulfillment_order_id = m.fulfillment_order_id and l.line_id = m.line_id
        )
),

gone as (
    select
        c.fulfillment_order_id,
        c.reason,
        exists (
            select from core.shipment_lines as l where l.fulfillment_order_id = c.fulfillment_order_id
        ) as has_left
    from recalled as c
    inner join core.fulfillment_orders as f on c.fulfillment_order_id = f.fulfillment_order_id and f.state = 'manifested'
    where not exists (
        select from core.reservations as r
        where r.fulfillment_order_id = c.fulfillment_order_id and r.state = 'active'
    )
),

ended as (
    update core.delivery_orders as d
    set state = case when g.has_left then 'shipped' else 'cancelled' end, ended_at = :now
    from gone as g
    where d.fulfillment_order_id = g.fulfillment_order_id
)

update core.fulfillment_orders as f
set
    state = case when g.has_left then 'shipped' else 'cancelled' end,
    cancelled_at = case when not g.has_left then cast(:now as timestamptz) end,
    cancel_reason = case when not g.has_left then g.reason end
from gone as g
where f.fulfillment_order_id = g.fulfillment_order_id
