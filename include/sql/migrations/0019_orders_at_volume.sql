-- Lines and receivers are written by one statement of the pass, for orders that the same pass just wrote: asking for
-- the order again, row by row, took half of the time of writing them (docs/adr/0011). `./hub verify` asks instead.
alter table core.order_lines drop constraint order_lines_order_id_fkey;
alter table core.receivers drop constraint receivers_order_id_fkey;
