-- One statement each writes documents, reservations, decisions and manifest lines, for rows that the same transaction
-- holds locked: asking for each parent again took half of the time of reserving (docs/adr/0012). `./hub verify` asks.
alter table core.fulfillment_orders drop constraint fulfillment_orders_order_id_fkey;
alter table core.routing_decisions drop constraint routing_decisions_order_id_fkey;
alter table core.reservations drop constraint reservations_fulfillment_order_id_fkey;
alter table core.reservations drop constraint reservations_warehouse_id_sku_id_fkey;
alter table core.manifest_lines drop constraint manifest_lines_manifest_id_fkey;
alter table core.manifest_lines drop constraint manifest_lines_fulfillment_order_id_fkey;

-- A WMS is also asked about what it refused, and for a while about what was cancelled.
drop index core.delivery_orders_open;
create index delivery_orders_to_ask on core.delivery_orders (warehouse_id, asked_at nulls first, fulfillment_order_id)
    where state <> 'shipped';
