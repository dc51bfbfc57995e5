-- One row per unshipped order whose promised hand-over is at most the longest of the given hours away or over, nearest first; key order_id.
with horizon as (
    select cast(:now as timestamptz) + make_interval(hours => max(given.hours)) as ends_at
    from unnest(cast(:hours as integer[])) as given (hours)
),

-- By the index of what has not left; and of what was told of in part, which its platform calls shipped.
near as (
    select o.order_id
    from core.orders as o
    where o.ship_by_at <= (select ends_at from horizon)
        and o.gate <> 'stop' and not o.is_terminal and o.lifecycle <> 'history'
    union
    select o.order_id
    from core.tracking_writes as t
    inner join core.orders as o on t.order_id = o.order_id and o.ship_by_at <= (select ends_at from horizon)
    where t.is_part
)

select
    o.order_id,
    o.shop_id,
    o.ship_by_at,
    o.ship_by_at <= cast(:now as timestamptz) as is_over,
    (
        select min(given.hours)
        from unnest(cast(:hours as integer[])) as given (hours)
        where o.ship_by_at <= cast(:now as timestamptz) + make_interval(hours => given.hours)
    ) as hours,
    case
        when exists(select from core.holds as h where h.order_id = o.order_id and h.state = 'active') then 'held'
        when exists(
            select from core.fulfillment_orders as f where f.order_id = o.order_id and f.state = 'manifested'
        ) then 'manifested'
        when exists(
            select from core.fulfillment_orders as f where f.order_id = o.order_id and f.state = 'allocated'
        ) then 'allocated'
        else 'waiting'
    end as stage
from near as n
inner join core.orders as o on n.order_id = o.order_id
where (o.gate <> 'stop' and not o.is_terminal or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
    and o.lifecycle <> 'history'
    and o.payment_state not in ('unpaid', 'deposit_paid')
    and not exists (select from core.withholdings as w where w.order_id = o.order_id and w.line_id is null)
    and exists (
        select from core.order_lines as l
        where l.order_id = o.order_id and l.kind not in ('service', 'bundle')
            and (l.gate <> 'stop' or exists (select from core.rest_of_lines as x where x.order_id = l.order_id and x.line_id = l.line_id))
            and not exists (
                select from core.reservations as r
                where r.order_id = l.order_id and r.line_id = l.line_id and r.state = 'posted'
            )
            and not exists (
                select from core.line_refunds as f
                where f.order_id = l.order_id and f.line_id = l.line_id and f.gate = 'stop'
            )
            and not exists (
                select from core.withholdings as w where w.order_id = l.order_id and w.line_id = l.line_id
            )
    )
order by o.ship_by_at, o.order_id
