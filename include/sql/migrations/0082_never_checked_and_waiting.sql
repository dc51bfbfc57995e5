-- An order that was refunded, cancelled or sent before the hub first saw it was never checked: it proves nothing about its buyer.
alter table core.orders add column was_checkable boolean not null default true;
comment on column core.orders.was_checkable is
    'a version of it was open to the checks: paid, and not stopped. What never was neither counts in a row of doubt nor ends one; true for what is older than migration 0082';
-- A document whose carriers are all closed today waits for the first of them to work again.
comment on column core.fulfillment_orders.carrier_id is
    'the carrier of carriers.yaml that takes it; null: none was chosen, the warehouse decides, a hold no_carrier waits, or whoever would take it is closed today';
comment on column core.fulfillment_orders.ship_not_before is
    'UTC: in no manifest earlier: its goods only leave on some weekdays, or carriers work again then; null: at once';
comment on column core.carrier_reasons.candidates is
    'what was asked for, and each carrier in the order looked at with its figures and why it lost; waits_until: the day on which the first of them works again, where nothing else is in the way';
