-- Two warehouses may close at once: which orders wait at both of them is asked at each closing.
create index fulfillment_orders_parted on core.fulfillment_orders (order_id) where state = 'allocated' and fulfillment_order_id not like '%@1';
