-- The machinery: what was configured, what was pulled, who works on what, what must leave the hub.
create table ops.hub (
    singleton boolean primary key default true check (singleton),
    first_started_at timestamptz not null
);
select ops.describe('ops.hub', 'One row: facts about this hub.',
    'singleton', 'always true', 'first_started_at', 'UTC; cut-offs before this instant are never due');

create table ops.config_versions (
    config_version text primary key,
    files jsonb not null,
    derived_from text references ops.config_versions,
    applied_at timestamptz not null,
    applied_by text not null,
    is_active boolean not null default false
);
create unique index config_versions_one_active on ops.config_versions (is_active) where is_active;
select ops.describe('ops.config_versions', 'One row per applied state of the merchant''s files; key config_version.',
    'config_version', 'SHA-256 over all files, hex', 'files', 'object: relative path → full text',
    'derived_from', 'the version that was active when these files were edited',
    'applied_at', 'UTC', 'applied_by', 'who ran config apply', 'is_active', 'true on exactly one row');

create table ops.leases (
    scope text primary key,
    epoch bigint not null default 0,
    holder_pid integer,
    holder_start timestamptz,
    expires_at timestamptz
);
select ops.describe('ops.leases', 'One row per scope of work that only one worker may do; key scope.',
    'scope', 'transform, route, config, deliver, stock:<warehouse>', 'epoch', 'fencing number, +1 at each acquisition',
    'holder_pid', 'server process of the holder''s session', 'holder_start', 'backend_start of that session',
    'expires_at', 'database time; the holder renews it');

create table ops.pull_windows (
    window_id bigint generated always as identity primary key,
    platform text not null,
    shop_id text not null,
    stream text not null,
    kind text not null check (kind in ('live', 'gap', 'requested')),
    start_at timestamptz not null,
    end_at timestamptz not null check (start_at < end_at),
    state text not null default 'open' check (state in ('open', 'covered')),
    total_before integer,
    total_after integer,
    distinct_read integer,
    attempts integer not null default 0,
    not_before timestamptz,
    last_error text,
    requested_by text,
    created_at timestamptz not null,
    covered_at timestamptz,
    epoch bigint not null default 0,
    holder_pid integer,
    holder_start timestamptz,
    expires_at timestamptz
);
create index pull_windows_by_shop on ops.pull_windows (platform, shop_id, stream, state, start_at);
select ops.describe('ops.pull_windows', 'One row per closed time range of a stream to pull; half-open [start_at, end_at), UTC; the row is the lease of its pull.',
    'window_id', 'key', 'platform', 'platform name', 'shop_id', 'our id of the shop', 'stream', 'orders or refunds',
    'kind', 'live (newest closed range), gap (self-healing), requested (backfill)',
    'start_at', 'inclusive', 'end_at', 'exclusive, at most platform time − lag',
    'state', 'open until covered', 'total_before', 'the platform''s count before page 1',
    'total_after', 'the platform''s count asked again after the last page', 'distinct_read', 'distinct ids read',
    'attempts', 'times the window was read', 'not_before', 'a throttle asked to wait until then',
    'last_error', 'why the last reading did not cover it', 'requested_by', 'who asked for a requested window',
    'created_at', 'UTC', 'covered_at', 'UTC; total_after ≤ distinct_read ≤ total_before held then',
    'epoch', 'fencing number of the claim', 'holder_pid', 'server process of the claim',
    'holder_start', 'backend_start of the claim', 'expires_at', 'database time');

create table ops.loads (
    load_id bigint generated always as identity primary key,
    platform text not null,
    shop_id text not null,
    stream text not null,
    window_id bigint references ops.pull_windows,
    source text not null,
    row_count integer not null,
    staged_count integer not null,
    committed_at timestamptz not null
);
create index loads_by_window on ops.loads (window_id);
select ops.describe('ops.loads', 'One row per committed page or file; written in the same transaction as its staging rows; key load_id.',
    'load_id', 'key; commit order differs from id order', 'platform', 'platform name', 'shop_id', 'our id of the shop',
    'stream', 'orders or refunds', 'window_id', 'the window whose page this is; null for files',
    'source', 'page number or file name', 'row_count', 'records the source gave',
    'staged_count', 'records that were new versions', 'committed_at', 'UTC');

create table ops.passes (
    pass_id bigint generated always as identity primary key,
    kind text not null check (kind in ('transform', 'fulfill')),
    config_version text references ops.config_versions,
    started_at timestamptz not null,
    finished_at timestamptz,
    counts jsonb not null default '{}'
);
create table ops.pass_loads (
    pass_id bigint not null references ops.passes,
    load_id bigint not null references ops.loads,
    primary key (load_id, pass_id)
);
select ops.describe('ops.passes', 'One row per run of transform or fulfil; key pass_id.',
    'pass_id', 'key', 'kind', 'transform or fulfill', 'config_version', 'the configuration that judged',
    'started_at', 'UTC', 'finished_at', 'UTC; null while running or after a crash', 'counts', 'what it did, by name');
select ops.describe('ops.pass_loads', 'Which loads a pass took; a load is done when a finished pass has taken it.',
    'pass_id', 'the pass', 'load_id', 'the load');

create table ops.parked_records (
    platform text not null,
    shop_id text not null,
    stream text not null,
    record_id text not null,
    reason text not null,
    source text not null,
    raw_base64 text,
    attempts integer not null default 1,
    parked_at timestamptz not null,
    resolved_at timestamptz,
    primary key (platform, shop_id, stream, record_id)
);
select ops.describe('ops.parked_records', 'One row per record that could not be staged as it is; key platform, shop_id, stream, record_id.',
    'platform', 'platform name', 'shop_id', 'our id of the shop', 'stream', 'orders or refunds',
    'record_id', 'the platform''s id, or the position when it has none', 'reason', 'why it is parked',
    'source', 'window and page, or file', 'raw_base64', 'bytes that JSONB refuses', 'attempts', 'times tried',
    'parked_at', 'UTC, last try', 'resolved_at', 'UTC; null while it waits');

create table ops.file_drops (
    shop_id text not null,
    file_sha256 text not null,
    file_name text not null,
    state text not null check (state in ('accepted', 'partly_accepted', 'rejected')),
    rows_read integer not null,
    rows_accepted integer not null,
    rows_rejected integer not null,
    report jsonb not null,
    received_at timestamptz not null,
    primary key (shop_id, file_sha256)
);
select ops.describe('ops.file_drops', 'One row per order file that was dropped; the same bytes are taken once per shop.',
    'shop_id', 'our id of the shop', 'file_sha256', 'of the bytes, hex', 'file_name', 'as dropped',
    'state', 'what became of it', 'rows_read', 'data rows in the file', 'rows_accepted', 'rows staged',
    'rows_rejected', 'rows listed in the report', 'report', 'reasons with row numbers, no personal data',
    'received_at', 'UTC; the modified_at of its orders');

create table ops.cutoffs (
    cutoff_id text primary key,
    warehouse_id text not null,
    cutoff_at timestamptz not null,
    kind text not null check (kind in ('scheduled', 'extra')),
    state text not null default 'open' check (state in ('open', 'closed')),
    requested_by text,
    closed_at timestamptz,
    epoch bigint not null default 0,
    holder_pid integer,
    holder_start timestamptz,
    expires_at timestamptz,
    unique (warehouse_id, cutoff_at)
);
select ops.describe('ops.cutoffs', 'One row per (warehouse, instant) at which a manifest closes; the row is the lease of its closing.',
    'cutoff_id', 'warehouse_id/instant', 'warehouse_id', 'the building', 'cutoff_at', 'UTC instant',
    'kind', 'scheduled by warehouses.yaml or extra by hand', 'state', 'open or closed', 'requested_by', 'who asked for an extra one',
    'closed_at', 'UTC', 'epoch', 'fencing number of the claim', 'holder_pid', 'server process of the claim',
    'holder_start', 'backend_start of the claim', 'expires_at', 'database time');

create table ops.outbox (
    outbox_id text primary key,
    sequence bigint generated always as identity,
    target text not null,
    subject text not null,
    payload jsonb not null,
    state text not null default 'pending' check (state in ('pending', 'claimed', 'sent', 'unknown', 'failed')),
    attempts integer not null default 0,
    created_at timestamptz not null,
    not_before timestamptz,
    claimed_at timestamptz,
    sent_at timestamptz,
    answer jsonb,
    last_error text
);
create index outbox_waiting on ops.outbox (target, sequence) where state <> 'sent';
select ops.describe('ops.outbox', 'One row per effect that must leave the hub; written with the fact that causes it; key outbox_id.',
    'outbox_id', 'derived from the fact, so that running twice adds nothing', 'sequence', 'first in, first out per subject',
    'target', 'mail, manifest_files, …', 'subject', 'what it is about: a manifest, an order', 'payload', 'what to send; no personal data',
    'state', 'pending, claimed, sent, unknown (ask before sending again), failed (a person must act)',
    'attempts', 'times tried', 'created_at', 'UTC', 'not_before', 'UTC; wait until then', 'claimed_at', 'UTC, database time',
    'sent_at', 'UTC', 'answer', 'what the other side said', 'last_error', 'why the last try failed');

create table ops.check_verdicts (
    pass_id bigint not null references ops.passes,
    rule_id text not null,
    evaluated_count bigint not null,
    failed_count bigint not null,
    audited_failed_count bigint,
    audited_at timestamptz,
    primary key (pass_id, rule_id)
);
select ops.describe('ops.check_verdicts', 'One row per pass and check: what the SQL scan said and what Great Expectations said of the same rows.',
    'pass_id', 'transform pass', 'rule_id', 'the check', 'evaluated_count', 'rows inside its row condition',
    'failed_count', 'rows the scan marked', 'audited_failed_count', 'rows Great Expectations counted; null until audited',
    'audited_at', 'UTC');

create table ops.audit (
    audit_id bigint generated always as identity primary key,
    recorded_at timestamptz not null,
    actor text not null,
    action text not null,
    subject_type text not null,
    subject_id text not null,
    detail jsonb not null default '{}'
);
revoke update, delete on ops.audit from orderhub_app;
select ops.describe('ops.audit', 'One row per thing a person did; append-only; key audit_id.',
    'audit_id', 'key', 'recorded_at', 'UTC', 'actor', 'who', 'action', 'what', 'subject_type', 'config, order, hold, manifest, …',
    'subject_id', 'its id', 'detail', 'from, to, why');
