-- One row per active reservation that must be given back; key reservation_id. Whole documents go when the order or a
-- line's need changed, or no list took them for too long; a line that stops, waits or is held goes alone. What a shadow manifest lists is promised until
-- its line is over (the old system ships it) or its shop is live.
create temporary table withdrawals on commit drop as
with judged as (
    select
        r.reservation_id,
        r.fulfillment_order_id,
        r.warehouse_id,
        r.sku_id,
        r.quantity,
        case
            when l.line_id is null then 'line_gone'
            when r.is_listed and l.blocked_by not in (
                'order_stopped', 'order_cancelled', 'order_no_ship', 'order_history', 'order_to_confirm', 'shop_removed',
                'line_stopped', 'line_cancelled', 'line_is_service', 'line_is_bundle'
            ) then null
            when l.blocked_by <> 'order_unchecked' then l.blocked_by
        end as line_reason,
        case
            when r.is_shadow <> (l.shop_id = any(:shadow_shops)) then 'mode_changed'
            when r.is_listed then null
            when r.fulfillment_order_id = any(:rerouted) then 'destination_changed'
            when r.fulfillment_order_id = any(:suspended) then 'area_suspended'
            when r.warehouse_id = any(:closed) then 'warehouse_closed'
            when r.warehouse_id = any(:bonded) then 'warehouse_bonded'
            when r.warehouse_id <> all(:warehouses) then 'warehouse_removed'
            when r.fulfillment_order_id = any(:expired) then 'promise_expired'
            when l.blocked_by is null and r.receiver_key <> v.receiver_key then 'destination_changed'
            when l.blocked_by is null and (l.sku_id <> r.sku_id or l.quantity <> r.quantity) then 'line_changed'
        end as document_reason
    from allocated_reservations as r
    left join readiness as l on r.order_id = l.order_id and r.line_id = l.line_id
    left join core.receivers as v on r.order_id = v.order_id
),

reasoned as (
    select
        *,
        coalesce(line_reason, max(document_reason) over (partition by fulfillment_order_id)) as reason
    from judged
)

select
    reservation_id,
    fulfillment_order_id,
    warehouse_id,
    sku_id,
    quantity,
    reason
from reasoned
where reason is not null
