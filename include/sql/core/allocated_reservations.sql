-- One row per active reservation of a fulfillment order that may still be given up here; key reservation_id: what no
-- manifest has, and what only a shadow manifest has, which no warehouse ever got.
-- A table of its own, so that it can be analyzed: the planner knows nothing yet of rows written minutes ago.
create temporary table allocated_reservations on commit drop as
with open_documents as (
    select fulfillment_order_id, is_shadow, receiver_key, false as is_listed
    from core.fulfillment_orders
    where state = 'allocated'
    union all
    select fulfillment_order_id, is_shadow, receiver_key, true
    from core.fulfillment_orders
    where state = 'manifested' and is_shadow
)

select
    r.reservation_id,
    r.fulfillment_order_id,
    r.order_id,
    r.line_id,
    r.warehouse_id,
    r.sku_id,
    r.quantity,
    f.is_shadow,
    f.receiver_key,
    f.is_listed
from open_documents as f
inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
