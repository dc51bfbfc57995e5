-- One row per order; key order_id. An order shows its least advanced line.
create view core.order_progress as
select distinct on (order_id)
    order_id,
    bucket,
    blocked_by
from core.order_buckets
order by order_id, bucket_rank;

select ops.describe('core.order_progress', '每个订单一行:进度最慢的订单行所在环节 / one row per order: the bucket of its least advanced line; key order_id.',
    'order_id', 'the order', 'bucket', 'see core.order_buckets', 'blocked_by', 'see core.line_readiness');
grant select on core.order_progress to orderhub_analyst;
