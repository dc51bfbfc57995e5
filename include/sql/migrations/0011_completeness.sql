-- What was asked for by hand, what the platform still lists and we lack, and the exact text of cleaned records.
alter table ops.pull_windows add column request_id text;
create index pull_windows_by_request on ops.pull_windows (shop_id, stream, request_id) where request_id is not null;
select ops.describe('ops.pull_windows', 'One row per closed time range of a stream to pull; half-open [start_at, end_at), UTC; the row is the lease of its pull; key window_id.',
    'request_id', 'names the backfill that asked for a requested window: its range and a number');

create table ops.originals (
    load_id bigint not null references ops.loads,
    record_id text collate "C" not null,
    payload_sha256 text not null,
    original bytea not null,
    primary key (load_id, record_id, payload_sha256)
);
select ops.describe('ops.originals', 'One row per staged record whose text JSONB refuses (NUL, lone surrogates): the text before it was cleaned; key load_id, record_id, payload_sha256.',
    'load_id', 'the load of the staging row', 'record_id', 'the platform''s id of the record', 'payload_sha256', 'names the version, as in staging',
    'original', 'JSON text, UTF-8 with surrogates as they came; class P2 values replaced as in staging');

create table ops.reconciliations (
    reconciliation_id bigint generated always as identity primary key,
    platform text not null,
    shop_id text not null,
    stream text not null,
    since timestamptz not null,
    until timestamptz not null check (since < until),
    listed_count integer not null,
    missing_count integer not null,
    healed_count integer not null,
    missing_ids text[] not null,
    ran_at timestamptz not null
);
create index reconciliations_by_shop on ops.reconciliations (shop_id, stream, ran_at);
select ops.describe('ops.reconciliations', 'One row per nightly comparison of a stream''s ids with what is staged; key reconciliation_id.',
    'reconciliation_id', 'key', 'platform', 'platform name', 'shop_id', 'our id of the shop', 'stream', 'orders, refunds, …',
    'since', 'UTC, inclusive', 'until', 'UTC, exclusive; nothing younger than what pulls have covered is compared',
    'listed_count', 'distinct ids that the platform lists in covered windows', 'missing_count', 'of these, ids that were not staged as new as listed, nor parked',
    'healed_count', 'of the missing, staged by the re-pull that followed at once', 'missing_ids', 'the first 100 of the missing', 'ran_at', 'UTC');
