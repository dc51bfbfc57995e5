-- One row per order in each new parcel of `reported_shipments`: its platform must hear of it; key shipment_id, order_id.
-- What tells it is written beside, so that neither exists without the other.
with fresh as (
    insert into core.tracking_writes (shipment_id, order_id, shop_id, is_part, recorded_at)
    select
        inside.shipment_id,
        inside.order_id,
        o.shop_id,
        exists (
            select from core.order_lines as n
            where n.order_id = inside.order_id and n.kind in ('goods', 'gift', 'bundle_part') and not exists (
                select from core.reservations as r
                where r.order_id = n.order_id and r.line_id = n.line_id and r.state = 'posted'
            )
        ),
        :now
    from (
        select distinct r.shipment_id, coalesce(l.order_id, r.order_id) as order_id
        from reported_shipments as r
        left join core.shipment_lines as l on r.shipment_id = l.shipment_id
    ) as inside
    inner join core.orders as o on inside.order_id = o.order_id
    on conflict do nothing
    returning shipment_id, order_id, shop_id
)

insert into ops.outbox (outbox_id, target, subject, payload, created_at)
select
    'tracking:' || shipment_id || ':' || order_id,
    'tracking:' || shop_id,
    order_id,
    jsonb_build_object('shop_id', shop_id, 'shipment_id', shipment_id, 'order_id', order_id),
    :now
from fresh
order by shipment_id, order_id
on conflict do nothing
