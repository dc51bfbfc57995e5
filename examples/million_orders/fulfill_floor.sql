-- The floor: one session writes the rows of a pass and its closings, which lie ready by their keys: nothing is read, decided or listed.
create unlogged table floor_rows_decisions as select * from core.routing_decisions order by order_id;
create unlogged table floor_rows_documents as select * from core.fulfillment_orders order by fulfillment_order_id;
create unlogged table floor_rows_reservations as select * from core.reservations order by reservation_id;
create unlogged table floor_rows_lists as select * from core.manifest_lines order by manifest_id, order_id, line_id;
update floor_rows_documents set state = 'allocated' where state = 'manifested';
create table floor_decisions (like core.routing_decisions including all);
create table floor_documents (like core.fulfillment_orders including all);
create table floor_reservations (like core.reservations including all);
create table floor_lists (like core.manifest_lines including all);

-- decisions: why each order leaves from where, or waits
insert into floor_decisions select * from floor_rows_decisions;
-- documents: one per order and warehouse, with its carrier
insert into floor_documents select * from floor_rows_documents;
-- reservations: one per line
insert into floor_reservations select * from floor_rows_reservations;
-- lists: one row per line that a warehouse gets
insert into floor_lists select * from floor_rows_lists;
-- handed over: each document that is on a list
update floor_documents set state = 'manifested' where state = 'allocated';
