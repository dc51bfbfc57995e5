-- One row per order line; key order_id, line_id. Every line stands in exactly one bucket (invariant I5).
create view core.order_buckets as
with promised as (
    select
        order_id,
        line_id,
        bool_or(state = 'posted') as is_shipped,
        bool_or(state = 'active') as is_reserved
    from core.reservations
    where state in ('active', 'posted')
    group by order_id, line_id
),

handed_over as (
    select distinct order_id, line_id
    from core.manifest_lines
    where not is_void
),

placed as (
    select
        l.order_id,
        l.line_id,
        l.blocked_by,
        case
            when p.is_shipped then 'shipped'
            when m.order_id is not null then 'manifested'
            when p.is_reserved then 'allocated'
            when l.blocked_by = 'order_history' then 'history'
            when l.blocked_by = 'order_to_confirm' then 'to_confirm'
            when l.blocked_by in ('order_stopped', 'line_stopped', 'line_is_service', 'line_is_bundle') then 'closed'
            when l.blocked_by in ('order_cancelled', 'order_no_ship', 'line_cancelled') then 'closed'
            when l.blocked_by in ('order_held', 'line_held') then 'held'
            else 'waiting'
        end as bucket
    from core.line_readiness as l
    left join promised as p on l.order_id = p.order_id and l.line_id = p.line_id
    left join handed_over as m on l.order_id = m.order_id and l.line_id = m.line_id
)

select
    order_id,
    line_id,
    bucket,
    array_position(
        array['to_confirm', 'held', 'waiting', 'allocated', 'manifested', 'shipped', 'closed', 'history'], bucket
    ) as bucket_rank,
    blocked_by
from placed;

select ops.describe('core.order_buckets', '每个订单行恰在一个环节 / one row per order line: the one bucket it stands in; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', 'bucket', 'history, to_confirm, waiting, held, allocated, manifested, shipped or closed',
    'bucket_rank', 'progress; an order shows its least advanced line', 'blocked_by', 'see core.line_readiness');
grant select on core.line_readiness, core.order_buckets to orderhub_analyst;
