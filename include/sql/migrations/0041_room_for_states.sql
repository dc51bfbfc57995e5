-- A document changes its state three times in its life, and each time its index entries are written again beside the old
-- ones. Pages that are filled in the order of the keys are full: they would have to be divided for the first change.
alter index core.fulfillment_orders_pkey set (fillfactor = 45);
alter index core.fulfillment_orders_by_order set (fillfactor = 45);
