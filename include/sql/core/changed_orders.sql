-- One row per order whose greatest incoming version beats the one in core; key order_id.
-- Order-free: whatever the sequence of arrival, the greatest merge_key stands in the end. Only names are kept here:
-- the version itself stays where it is, because copying a million of them costs as much as mapping them.
create temporary table changed_orders on commit drop as
with winners as (
    select distinct on (order_id) order_id, platform, shop_id, staging_id, merge_key
    from incoming_versions
    order by order_id, merge_key desc
)
select winners.order_id, winners.platform, winners.shop_id, winners.staging_id, present.order_id is null as is_new
from winners
left join core.orders as present using (order_id)
where present.order_id is null or winners.merge_key > present.merge_key
