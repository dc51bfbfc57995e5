-- Temporary tables of one transform pass, filled slice by slice.
-- touched_orders: the orders that it changed. orders_before, lines_before, receivers_before: what core said of known ones.
create temporary table touched_orders (order_id text collate "C" not null, shop_id text not null) on commit drop;
create temporary table orders_before (like core.orders) on commit drop;
create temporary table lines_before (like core.order_lines) on commit drop;
create temporary table receivers_before (like core.receivers, order_version_id text) on commit drop;
