-- Refunds in a state that nobody knows are few, and asked for of each line that is judged.
create index refunds_unknown on core.refunds (order_id) where state = 'unknown';
