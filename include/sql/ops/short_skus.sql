-- One row per SKU and the warehouse that would ship it, for which orders wait; key sku_id, warehouse_id.
-- An order names the SKUs that every warehouse of its rule lacks, or, when no one has all of it, each that one lacks.
-- One whose new version is being checked waits on: it is routed anew when that is over.
with waiting as (
    select d.order_id, d.candidates
    from core.routing_decisions as d
    join core.orders as o on d.order_id = o.order_id and (
        d.version_id = o.version_id or o._checked_pass_id in (select pass_id from ops.unfinished_passes)
    )
    join core.shops as s on o.shop_id = s.shop_id and not s.is_shadow
    where d.outcome in ('out_of_stock', 'backorder')
        and o.lifecycle = 'live'
        and (o.gate = 'ship' or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
        and not exists (
            select from core.holds as h
            where h.order_id = d.order_id and h.subject_type = 'order' and h.state = 'active'
        )
),

lacking as (
    select
        w.order_id,
        figure.key as sku_id,
        w.candidates -> 0 ->> 'warehouse' as warehouse_id,
        max((figure.value ->> 'needed')::bigint) as needed,
        bool_and((figure.value ->> 'available')::bigint < (figure.value ->> 'needed')::bigint) as is_nowhere
    from waiting as w
    cross join jsonb_array_elements(w.candidates) as candidate
    cross join jsonb_each(candidate -> 'figures') as figure
    group by 1, 2, 3
    having bool_or((figure.value ->> 'available')::bigint < (figure.value ->> 'needed')::bigint)
),

judged as (
    select *, bool_or(is_nowhere) over (partition by order_id) as has_one_nowhere
    from lacking
)

select
    sku_id,
    warehouse_id,
    count(*) as order_count,
    sum(needed)::bigint as needed,
    (array_agg(order_id order by order_id))[1:5] as examples
from judged
where is_nowhere or not has_one_nowhere
group by sku_id, warehouse_id
order by order_count desc, sku_id, warehouse_id
