-- One row: documents of a manifest that left the building, and that its WMS may hold.
select
    count(*) filter (
        where f.state = 'shipped'
            or exists (select from core.shipments as s where s.fulfillment_order_id = f.fulfillment_order_id)
    ) as shipped,
    count(*) filter (where d.state in ('pending', 'accepted', 'shipped')) as at_wms
from (select distinct fulfillment_order_id from core.manifest_lines where manifest_id = :manifest_id and not is_void) as m
inner join core.fulfillment_orders as f on m.fulfillment_order_id = f.fulfillment_order_id
left join core.delivery_orders as d on m.fulfillment_order_id = d.fulfillment_order_id
