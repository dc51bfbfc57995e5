-- What is asked of the platforms before a manifest closes; what was handed over, kept as it was; lists that are void.
create table ops.last_looks (
    order_id text collate "C" primary key references core.orders,
    looked_at timestamptz not null,
    is_reread boolean not null,
    seen_at timestamptz not null
);
select ops.describe('ops.last_looks', '截单前最后一看 / one row per order that a manifest was about to take; key order_id.',
    'order_id', 'the order', 'looked_at', 'UTC: when we last tried to read it again', 'is_reread', 'whether the platform gave it then',
    'seen_at', 'UTC: the latest instant at which the platform''s state of it is known; half an hour ago keeps it off the list');

alter table ops.cutoffs add column left_shops text[] not null default '{}';
comment on column ops.cutoffs.left_shops is 'shops whose orders were left out, source_stale or status_unconfirmed, and follow as an amendment';
