-- One row per closing in which promised hand-overs of unshipped orders fall; key closing_no.
with closings as (
    select *
    from unnest(
        cast(:numbers as integer[]), cast(:kinds as text[]), cast(:ids as text[]), cast(:starts as timestamptz[]),
        cast(:ends as timestamptz[]), cast(:provinces as text[]), cast(:cities as text[])
    ) as c (closing_no, kind, id, starts_at, ends_at, province, city)
),

-- By the index of what has not left; and of what was told of in part, which its platform calls shipped.
near as (
    select o.order_id
    from core.orders as o
    where o.ship_by_at >= (select min(starts_at) from closings) and o.ship_by_at < (select max(ends_at) from closings)
        and o.gate <> 'stop' and not o.is_terminal and o.lifecycle <> 'history'
    union
    select t.order_id
    from core.tracking_writes as t
    where t.is_part
),

unshipped as (
    select o.order_id, o.ship_by_at, r.province, coalesce(r.city, '') as city, f.warehouse_id, f.carrier_id, x.candidates
    from near as n
    inner join core.orders as o on n.order_id = o.order_id
    left join core.receivers as r on o.order_id = r.order_id
    left join core.fulfillment_orders as f on o.order_id = f.order_id and f.state in ('allocated', 'manifested')
    left join core.carrier_reasons as x on f.carrier_reason_id = x.reason_id and f.carrier_id is null
    where o.ship_by_at >= (select min(starts_at) from closings) and o.ship_by_at < (select max(ends_at) from closings)
        and o.lifecycle = 'live'
        and (
            o.gate <> 'stop' and not o.is_terminal and o.status in ('paid_hold', 'to_ship', 'part_shipped')
            or exists (select from core.rest_to_ship as x where x.order_id = o.order_id)
        )
        and not exists (select from core.withholdings as w where w.order_id = o.order_id and w.line_id is null)
        and exists (
            select from core.order_lines as l
            where l.order_id = o.order_id and l.kind not in ('service', 'bundle') and l.gate <> 'stop'
                and not exists (
                    select from core.reservations as p
                    where p.order_id = l.order_id and p.line_id = l.line_id and p.state = 'posted'
                )
        )
)

select
    c.closing_no,
    count(distinct u.order_id) as order_count,
    min(u.ship_by_at) as first_at,
    (array_agg(distinct u.order_id))[1:5] as examples
from closings as c
inner join unshipped as u on u.ship_by_at >= c.starts_at and u.ship_by_at < c.ends_at
    and case c.kind
        when 'warehouse' then u.warehouse_id = c.id
        -- Whoever would take it is closed already: it waits without a carrier.
        when 'carrier' then u.carrier_id = c.id or u.candidates -> 'carriers' @> jsonb_build_array(
            jsonb_build_object('carrier', c.id, 'why', 'closed')
        )
        else u.province = c.province and c.city in ('', u.city)
    end
group by c.closing_no
order by c.closing_no
