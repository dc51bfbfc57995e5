-- Of the reservations that are active there is an index already, by order and line, and only of those. One more by
-- warehouse and SKU was half of what writing a reservation cost: its key is another page for each row. What asks by SKU
-- (stock that was counted anew) reads the active ones.
drop index core.reservations_by_stock;
