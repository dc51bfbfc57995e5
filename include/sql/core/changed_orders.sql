-- One row per order whose greatest incoming version beats the one in core; key order_id.
-- Order-free: whatever the sequence of arrival, the greatest merge_key stands in the end.
create temporary table changed_orders on commit drop as
with winners as (
    select distinct on (order_id) * from incoming_versions order by order_id, merge_key desc
)
select winners.*
from winners
left join core.orders as present using (order_id)
where present.order_id is null or winners.merge_key > present.merge_key
