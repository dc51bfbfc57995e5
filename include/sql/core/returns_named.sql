-- One row per return of a warehouse that a name may mean: our code, the platform's after-sale, its order; key name, return_id.
with named as (
    select n.name, t.return_id
    from unnest(cast(:names as text[])) as n (name)
    inner join core.returns as t on n.name collate "C" = t.return_order_code
    where t.warehouse_id = :warehouse_id
    union
    select n.name, t.return_id
    from unnest(cast(:names as text[])) as n (name)
    inner join core.refunds as r on n.name = r.platform_refund_id
    inner join core.returns as t on r.refund_id = t.refund_id
    where t.warehouse_id = :warehouse_id
    union
    select n.name, t.return_id
    from unnest(cast(:names as text[])) as n (name)
    inner join core.orders as o on n.name = o.platform_order_id
    inner join core.returns as t on o.order_id = t.order_id
    where t.warehouse_id = :warehouse_id
)

select name, return_id
from named
order by name, return_id
