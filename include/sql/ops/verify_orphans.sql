-- One row per row without the one it belongs to. No foreign key says so: see docs/adr/0011 and 0012.
create view ops.verify_orphans as
select l.order_id || '#' || l.line_id as subject, 'is a line of no order' as problem
from core.order_lines as l
where not exists (select from core.orders as o where o.order_id = l.order_id)
union all
select r.order_id, 'is a receiver of no order'
from core.receivers as r
where not exists (select from core.orders as o where o.order_id = r.order_id)
union all
select f.fulfillment_order_id, 'is a document of no order'
from core.fulfillment_orders as f
where not exists (select from core.orders as o where o.order_id = f.order_id)
union all
select p.order_id, 'is a replacement without its order'
from core.replacements as p
where not exists (select from core.orders as o where o.order_id = p.order_id)
union all
select d.order_id, 'is a decision about no order'
from core.routing_decisions as d
where not exists (select from core.orders as o where o.order_id = d.order_id)
union all
select r.reservation_id, 'is a reservation of no document'
from core.reservations as r
where not exists (
    select from core.fulfillment_orders as f where f.fulfillment_order_id = r.fulfillment_order_id
)
union all
select m.manifest_id || ' ' || m.order_id || '#' || m.line_id, 'is a line of no manifest, or of no document'
from core.manifest_lines as m
where not exists (select from core.manifests as h where h.manifest_id = m.manifest_id)
    or not exists (
        select from core.fulfillment_orders as f where f.fulfillment_order_id = m.fulfillment_order_id
    );

select ops.describe('ops.verify_orphans', '缺了所属对象的行 / rows without the order, document, manifest or stock they belong to; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
