-- One row per line of the orders of `asked_orders`, which are many; key order_id, line_id.
create temporary table readiness on commit drop as
select l.order_id, l.line_id, l.shop_id, l.sku_id, l.quantity, l.blocked_by
from asked_orders as n
inner join core.line_readiness as l on n.order_id = l.order_id
