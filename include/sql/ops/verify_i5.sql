-- One row per order line that is not in exactly one bucket (invariant I5, conservation).
create view ops.verify_i5 as
with placed as (
    select
        order_id,
        line_id,
        count(*) as times
    from core.order_buckets
    where bucket_rank is not null
    group by order_id, line_id
)

select
    l.order_id || '#' || l.line_id as subject,
    'stands in ' || coalesce(p.times, 0) || ' buckets' as problem
from core.order_lines as l
left join placed as p on l.order_id = p.order_id and l.line_id = p.line_id
where coalesce(p.times, 0) <> 1;

select ops.describe('ops.verify_i5', '守恒:每个订单行恰在一个环节 / violations of conservation; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
