-- One row per document in a warehouse's hands that must not leave as it is, or of which the rest must not; key
-- fulfillment_order_id. Documents of a WMS until it has shipped them; those in files for as long as people may stop them.
create temporary table stopped_documents on commit drop as
with handed_over as (
    select d.fulfillment_order_id, d.warehouse_id, true as is_at_wms
    from core.delivery_orders as d
    where d.state in ('pending', 'accepted', 'refused') and d.recall is null
    union all
    select f.fulfillment_order_id, f.warehouse_id, false
    from core.fulfillment_orders as f
    inner join core.orders as o on f.order_id = o.order_id
    left join core.receivers as v on f.order_id = v.order_id
    where f.state = 'manifested' and not f.is_shadow and f.allocated_at > :since
        -- Of most nothing was heard since: only what may have a reason is looked at.
        and (
            f.version_id <> o.version_id
            or f.receiver_key <> v.receiver_key
            or f.order_id in (select r.order_id from core.refunds as r)
            or f.order_id in (select w.order_id from core.withholdings as w)
            or o.order_kind <> 'sale'
        )
        and not exists (select from core.delivery_orders as d where d.fulfillment_order_id = f.fulfillment_order_id)
        and not exists (select from core.hand_recalls as h where h.fulfillment_order_id = f.fulfillment_order_id)
)

select
    d.fulfillment_order_id,
    d.warehouse_id,
    d.is_at_wms,
    min(
        case
            when l.line_id is null then 'line_gone'
            when l.blocked_by in (
                'order_stopped', 'order_cancelled', 'order_no_ship', 'order_waits',
                'line_stopped', 'line_cancelled', 'line_waits'
            ) then l.blocked_by
            else 'destination_changed'
        end
    ) as reason
from handed_over as d
inner join core.fulfillment_orders as f on d.fulfillment_order_id = f.fulfillment_order_id
inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
left join core.line_readiness as l on r.order_id = l.order_id and r.line_id = l.line_id
left join core.receivers as v on r.order_id = v.order_id
where (
    l.line_id is null
    or l.blocked_by in (
        'order_stopped', 'order_cancelled', 'order_no_ship', 'order_waits',
        'line_stopped', 'line_cancelled', 'line_waits'
    )
    or f.receiver_key <> v.receiver_key
)
group by d.fulfillment_order_id, d.warehouse_id, d.is_at_wms
