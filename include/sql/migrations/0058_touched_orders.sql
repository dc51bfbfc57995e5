-- A pass over a hub of a million orders looks at those of which something changed since the pass before, and finds them by
-- these indexes; now and then it looks at all.
alter table ops.passes add column seen_pass_id bigint, add column all_seen_at timestamptz;
comment on column ops.passes.seen_pass_id is 'of a fulfil pass: the last transform pass whose orders it has looked at; the next one looks at what later ones judged';
comment on column ops.passes.all_seen_at is 'UTC, of a fulfil pass: when a pass last looked at all orders, not only at those of which something changed';
create index holds_by_placed on core.holds (placed_at);
create index holds_by_ended on core.holds (ended_at) where ended_at is not null;
create index withholdings_by_time on core.withholdings (decided_at);
create index orders_not_before on core.orders (ship_not_before) where ship_not_before is not null;
create index routing_decisions_waiting on core.routing_decisions (order_id) where outcome not in ('allocated', 'split');
create index delivery_orders_recalled on core.delivery_orders (fulfillment_order_id) where recall is not null;
-- What left of an order is asked by line everywhere; of the active ones there is an index already. Of voided ones only
-- those of a moment ago matter.
create index reservations_posted on core.reservations (order_id, line_id) where state = 'posted';
create index reservations_voided on core.reservations (resolved_at) where state = 'voided';
drop index core.tracking_writes_parts;
create index tracking_writes_parts on core.tracking_writes (order_id) where is_part;
create index orders_due on core.orders (ship_by_at) where gate <> 'stop' and not is_terminal and lifecycle <> 'history';
create index shipments_by_time on core.shipments (shipped_at);
