-- One row per way in which the rules differ: from where to where (warehouses, or why there is none), how many orders, the
-- first of them.
with places as (
    select is_proposed, order_id, string_agg(coalesce(warehouse_id, outcome), '+' order by part) as place
    from replayed_orders
    group by is_proposed, order_id
)

select n.place as place_now, p.place as place_then, count(*) as orders, min(n.order_id) as example
from places as n
inner join places as p on n.order_id = p.order_id and p.is_proposed
where not n.is_proposed and n.place <> p.place
group by n.place, p.place
order by orders desc, example
