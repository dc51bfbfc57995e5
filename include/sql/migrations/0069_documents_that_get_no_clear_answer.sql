-- A document of which its WMS says nothing clear goes behind the others, and is not taken for one that was asked for.
alter table core.delivery_orders add column tried_at timestamptz;
comment on column core.delivery_orders.tried_at is 'UTC, when the WMS was last asked for it, whatever it said; asked_at is that of the last clear answer';
update core.delivery_orders set tried_at = asked_at
where state in ('pending', 'accepted', 'refused', 'cancelled') and asked_at is not null;
drop index core.delivery_orders_to_ask;
create index delivery_orders_to_ask on core.delivery_orders (warehouse_id, tried_at nulls first, fulfillment_order_id)
    where state <> 'shipped';
