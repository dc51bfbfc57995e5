-- One row per line of the orders of `asked_orders`, which are few; key order_id, line_id. By the key of each (offset 0), so
-- that nothing else is read of what holds, refunds and acts there are.
create temporary table readiness on commit drop as
select l.order_id, l.line_id, l.shop_id, l.sku_id, l.quantity, l.blocked_by
from asked_orders as n
cross join lateral (
    select e.order_id, e.line_id, e.shop_id, e.sku_id, e.quantity, e.blocked_by
    from core.line_readiness as e
    where e.order_id = n.order_id
    offset 0
) as l
