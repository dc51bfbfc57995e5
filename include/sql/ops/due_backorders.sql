-- One row per promised day that is here or over, and for which backorders still wait; key promised_date.
select
    d.promised_date,
    count(*) as order_count,
    (array_agg(d.order_id order by d.order_id))[1:5] as examples
from core.routing_decisions as d
inner join core.orders as o
    on d.order_id = o.order_id
    -- One whose new version is being checked waits on.
    and (d.version_id = o.version_id or o._checked_pass_id in (select pass_id from ops.unfinished_passes))
inner join core.shops as s on o.shop_id = s.shop_id and not s.is_shadow
where d.outcome = 'backorder'
    and d.promised_date <= :today
    and o.lifecycle = 'live'
    and (o.gate = 'ship' or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
    and not exists (select from core.withholdings as w where w.order_id = o.order_id and w.line_id is null)
group by d.promised_date
order by d.promised_date
