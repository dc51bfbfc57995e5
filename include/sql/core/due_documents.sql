-- One row per allocated fulfillment order that is due at this cut-off; key fulfillment_order_id. `reason` is null when it is in.
create temporary table due_documents on commit drop as
with documents as (
    select f.fulfillment_order_id, f.order_id, o.shop_id
    from core.fulfillment_orders as f
    inner join core.orders as o on f.order_id = o.order_id
    where f.state = 'allocated'
        and f.warehouse_id = :warehouse_id
        and f.is_shadow = :is_shadow
        and f.allocated_at <= :until
),

lines as (
    select
        d.fulfillment_order_id,
        count(*) as line_count,
        sum(r.quantity) as pieces,
        min(
            case
                when l.line_id is null then 'line_gone'
                when l.blocked_by is not null then l.blocked_by
                when l.sku_id <> r.sku_id or l.quantity <> r.quantity then 'line_changed'
            end
        ) as reason
    from documents as d
    inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    left join core.line_readiness as l on r.order_id = l.order_id and r.line_id = l.line_id
    group by d.fulfillment_order_id
)

select
    d.fulfillment_order_id,
    n.line_count,
    n.pieces,
    case
        when d.shop_id = any(:left_shops) then 'source_stale'
        when h.subject_id is not null then 'document_held'
        else n.reason
    end as reason
from documents as d
inner join lines as n on d.fulfillment_order_id = n.fulfillment_order_id
left join (
    select distinct subject_id
    from core.holds
    where state = 'active' and subject_type = 'fulfillment_order'
) as h on d.fulfillment_order_id = h.subject_id
