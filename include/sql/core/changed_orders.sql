-- One row per order whose greatest incoming version beats the one in core; key order_id.
-- Order-free: whatever the sequence of arrival, the greatest merge_key stands in the end. Only names are kept here:
-- the version itself stays where it is, because copying a million of them costs as much as mapping them.
-- Looked up one by one, in the order of the keys: a slice is small beside all orders.
create temporary table changed_orders on commit drop as
select winners.order_id, winners.platform, winners.shop_id, winners.staging_id,
    winners.receiver_staging_id, present.order_id is null as is_new
from incoming_orders as winners
left join lateral (
    select o.order_id, o.merge_key from core.orders as o where o.order_id = winners.order_id offset 0
) as present on true
where present.order_id is null or winners.merge_key > present.merge_key
