-- One row per document that the decisions of this pass make; key fulfillment_order_id = order_id@n, n counts the documents of
-- the order. Before a decision its documents were cancelled, or ship other lines.
create temporary table routed_documents on commit drop as
select
    d.order_id,
    d.order_id || '@' || (greatest(d.part, 1) + coalesce(earlier.documents, 0)) as fulfillment_order_id,
    d.part,
    d.warehouse_id,
    d.rule_id,
    d.version_id,
    d.is_shadow
from decisions as d
left join (
    select f.order_id, count(*) as documents
    from core.fulfillment_orders as f
    where f.order_id in (select c.order_id from decisions as c)
    group by f.order_id
) as earlier on d.order_id = earlier.order_id
where d.outcome = 'allocated'
