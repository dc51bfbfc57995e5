-- One row per warehouse that holds documents promised for hand-over before its next list closes; key warehouse_id.
-- One that is held, or may not leave yet, is not meant: another list would not take it, and its own deadline is told of.
select
    f.warehouse_id,
    n.next_cutoff_at,
    count(*) as documents,
    min(o.ship_by_at) as first_at,
    (array_agg(f.fulfillment_order_id order by o.ship_by_at, f.fulfillment_order_id))[1:5] as examples
from unnest(cast(:warehouses as text[]), cast(:next_cutoffs as timestamptz[])) as n (warehouse_id, next_cutoff_at)
inner join core.fulfillment_orders as f on n.warehouse_id = f.warehouse_id and f.state = 'allocated' and not f.is_shadow
inner join core.orders as o on f.order_id = o.order_id
where o.ship_by_at < n.next_cutoff_at
    and (f.ship_not_before is null or f.ship_not_before <= :now)
    and not exists (select from core.holds as h where h.order_id = f.order_id and h.state = 'active')
group by f.warehouse_id, n.next_cutoff_at
order by f.warehouse_id
