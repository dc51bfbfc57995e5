-- One row per Beijing day from :since to :until, shops in shadow mode left out; key day.
with days as (
    select day::date as day
    from generate_series(cast(:since as date), cast(:until as date), interval '1 day') as day
),

bounds as (
    select
        day,
        day::timestamp at time zone 'Asia/Shanghai' as start_at,
        (day + 1)::timestamp at time zone 'Asia/Shanghai' as end_at
    from days
),

live as (
    select o.order_id, o.placed_at
    from core.orders as o
    join core.shops as s on o.shop_id = s.shop_id and not s.is_shadow
    where o.lifecycle = 'live'
)

select
    b.day,
    (select count(*) from live where placed_at >= b.start_at and placed_at < b.end_at) as placed,
    (
        select count(distinct h.order_id) from core.holds as h
        join live using (order_id)
        where h.placed_at >= b.start_at and h.placed_at < b.end_at
    ) as held,
    (
        select count(*) from core.holds as h
        where h.state = 'released' and h.ended_at >= b.start_at and h.ended_at < b.end_at
    ) as released,
    (
        select count(*) from core.fulfillment_orders as f
        where not f.is_shadow and f.allocated_at >= b.start_at and f.allocated_at < b.end_at
    ) as allocated,
    (
        select coalesce(sum(m.order_count), 0)::bigint from core.manifests as m
        where not m.is_shadow and m.state <> 'void' and m.cutoff_at >= b.start_at and m.cutoff_at < b.end_at
    ) as manifested,
    (
        select count(*) from ops.alerts as a
        where a.raised_at >= b.start_at and a.raised_at < b.end_at
    ) as alerts
from bounds as b
order by b.day
