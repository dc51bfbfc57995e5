-- One row per way in which the rules differ: from where to where (a warehouse, or why there is none), how many orders,
-- the first of them.
select
    coalesce(n.warehouse_id, n.outcome) as place_now,
    coalesce(p.warehouse_id, p.outcome) as place_then,
    count(*) as orders,
    min(n.order_id) as example
from replayed_orders as n
inner join replayed_orders as p on n.order_id = p.order_id and p.is_proposed
where not n.is_proposed and coalesce(n.warehouse_id, n.outcome) <> coalesce(p.warehouse_id, p.outcome)
group by place_now, place_then
order by orders desc, example
