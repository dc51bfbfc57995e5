-- A person's word, kept apart from what versions say: else the first version to arrive would decide for good.
alter table core.orders add column confirmed_at timestamptz;
comment on column core.orders.confirmed_at is 'UTC, when a person said that we ship this order from before go-live; null when nobody had to';
update core.orders set confirmed_at = (
    select min(recorded_at) from ops.audit
    where action = 'confirm' and subject_type = 'order' and subject_id = orders.order_id
)
where lifecycle = 'live';
