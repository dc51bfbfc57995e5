-- One row per line of the manifest; key manifest_id, order_id, line_id. Only what `due_documents` lets in.
insert into core.manifest_lines (manifest_id, fulfillment_order_id, order_id, line_id, sku_id, quantity, parcel_id)
select
    :manifest_id,
    r.fulfillment_order_id,
    r.order_id,
    r.line_id,
    r.sku_id,
    r.quantity,
    p.parcel_id
from due_documents as d
inner join due_reservations as r on d.fulfillment_order_id = r.fulfillment_order_id
left join core.merge_decisions as p on d.fulfillment_order_id = p.fulfillment_order_id and p.manifest_id = :manifest_id
where d.reason is null
order by r.fulfillment_order_id, r.line_id
