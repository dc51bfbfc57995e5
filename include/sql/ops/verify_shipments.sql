-- One row per document whose parcels, reservations and WMS document do not agree.
create view ops.verify_shipments as
with sent as (
    select fulfillment_order_id, line_id, sum(quantity) as pieces
    from core.shipment_lines
    group by fulfillment_order_id, line_id
)

select
    s.fulfillment_order_id || '#' || s.line_id as subject,
    s.pieces || ' pieces left, promised ' || coalesce(r.quantity::text, 'none') as problem
from sent as s
left join core.reservations as r on s.fulfillment_order_id = r.fulfillment_order_id and s.line_id = r.line_id
where r.quantity is null or s.pieces > r.quantity
union all
select
    r.reservation_id,
    'is ' || r.state || ' and ' || coalesce(s.pieces, 0) || ' of ' || r.quantity || ' pieces left'
from core.reservations as r
left join sent as s on r.fulfillment_order_id = s.fulfillment_order_id and r.line_id = s.line_id
where (r.state = 'posted' and r.resolution = 'shipped' and coalesce(s.pieces, 0) <> r.quantity)
    or (r.state = 'posted' and r.resolution = 'short_shipped' and coalesce(s.pieces, 0) not between 1 and r.quantity - 1)
    or (r.state = 'active' and coalesce(s.pieces, 0) >= r.quantity)
    or (r.state = 'voided' and s.pieces > 0)
union all
select
    p.shipment_id,
    'left and is in no manifest'
from core.shipments as p
where not exists (
    select from core.manifest_lines as m
    where m.fulfillment_order_id = p.fulfillment_order_id and not m.is_void
)
union all
select distinct
    l.shipment_id,
    'left, and its platform will not hear of it'
from core.shipment_lines as l
where not exists (
    select from core.tracking_writes as w where w.shipment_id = l.shipment_id and w.order_id = l.order_id
)
union all
select
    h.fulfillment_order_id,
    'was given back by its warehouse and is ' || f.state
from core.hand_recalls as h
inner join core.fulfillment_orders as f on h.fulfillment_order_id = f.fulfillment_order_id
where h.state = 'agreed' and f.state <> 'cancelled'
    and not exists (select from core.shipments as s where s.fulfillment_order_id = h.fulfillment_order_id)
union all
select
    d.fulfillment_order_id,
    'is ' || d.state || ' at the WMS and ' || f.state || ' here'
from core.delivery_orders as d
inner join core.fulfillment_orders as f on d.fulfillment_order_id = f.fulfillment_order_id
where (d.state = 'shipped') <> (f.state = 'shipped')
    or (d.state = 'cancelled') <> (f.state = 'cancelled')
union all
select
    p.parcel_id,
    'is one parcel for ' || count(distinct (o.shop_id, o.customer_id)) || ' buyers from ' || count(distinct f.warehouse_id) || ' warehouses'
from core.merge_decisions as p
inner join core.fulfillment_orders as f on p.fulfillment_order_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
where p.parcel_id is not null
group by p.parcel_id
having (count(distinct (o.shop_id, o.customer_id)), count(distinct f.warehouse_id)) <> (1, 1);

select ops.describe('ops.verify_shipments', '包裹、预占与 WMS 单据相符 / parcels that do not agree with promises; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
