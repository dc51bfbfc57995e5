-- One row per order with a document of `due_documents` that is in and paid at the door; key order_id.
create temporary table owing_orders on commit drop as
select distinct d.order_id, greatest(coalesce(o.paid_fen, 0), 0) as owed_fen
from due_documents as d
inner join core.orders as o on d.order_id = o.order_id
where d.reason is null and d.is_due_at_door
