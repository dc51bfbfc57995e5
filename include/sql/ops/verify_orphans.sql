-- One row per line or receiver without its order. No foreign key says so: see docs/adr/0011.
create view ops.verify_orphans as
select l.order_id || '#' || l.line_id as subject, 'is a line of no order' as problem
from core.order_lines as l
where not exists (select from core.orders as o where o.order_id = l.order_id)
union all
select r.order_id, 'is a receiver of no order'
from core.receivers as r
where not exists (select from core.orders as o where o.order_id = r.order_id);

select ops.describe('ops.verify_orphans', '没有订单的订单行或收件人 / lines and receivers without their order; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
