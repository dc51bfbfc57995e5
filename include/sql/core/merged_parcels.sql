-- One row per parcel of several documents; key parcel_id. Whatever became of its documents since.
create view core.merged_parcels as
select
    d.parcel_id,
    d.manifest_id,
    count(*) as documents,
    string_agg(d.fulfillment_order_id, ',' order by d.fulfillment_order_id) as fulfillment_order_ids,
    string_agg(o.platform_order_id, ',' order by d.fulfillment_order_id) as platform_order_ids
from core.merge_decisions as d
inner join core.fulfillment_orders as f on d.fulfillment_order_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
where d.parcel_id is not null
group by d.parcel_id, d.manifest_id;

select ops.describe('core.merged_parcels', '合单:一个包裹里的几张发货单 / one row per parcel of several documents; key parcel_id.',
    'parcel_id', 'the smallest fulfillment_order_id in it', 'manifest_id', 'the manifest that hands it over', 'documents', 'how many',
    'fulfillment_order_ids', 'of the documents in it, with commas', 'platform_order_ids', 'the platform''s numbers of their orders, with commas');
grant select on core.merged_parcels to orderhub_analyst;
