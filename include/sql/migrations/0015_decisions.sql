-- What people say about orders, kept apart from what platforms say: taken out of shipping, corrected; and what changed after import.
alter table core.anomalies drop constraint anomalies_subject_type_check;
alter table core.anomalies add constraint anomalies_subject_type_check
    check (subject_type in ('order', 'order_line', 'fulfillment_order'));
select ops.describe('core.anomalies', 'One row per failed check on a subject with one evidence; at most one open per rule and subject; key anomaly_id.',
    'subject_type', 'order, order_line or fulfillment_order', 'subject_id', 'order_id, order_id#line_id, or fulfillment_order_id');
select ops.describe('core.holds', 'One row per reason that stops a subject; several may coexist, each ends by itself; key hold_id.',
    'state', 'active; released by a person; closed when the evidence is gone or the order was withheld');

create table core.withholdings (
    subject_id text collate "C" primary key,
    order_id text collate "C" not null references core.orders,
    line_id text collate "C",
    kind text not null check (kind in ('cancelled', 'no_ship')),
    version_id text not null,
    decided_at timestamptz not null,
    decided_by text not null,
    reason text not null
);
create index withholdings_by_order on core.withholdings (order_id);
select ops.describe('core.withholdings', 'One row per order or order line that a person took out of shipping; key subject_id.',
    'subject_id', 'order_id, or order_id#line_id', 'order_id', 'the order', 'line_id', 'the line; null for the whole order',
    'kind', 'cancelled: the hub does not ship it; no_ship: a sample or a fake sale, out of sales figures too', 'version_id', 'the version that was decided on',
    'decided_at', 'UTC', 'decided_by', 'who', 'reason', 'why');

create table core.corrections (
    correction_id bigint generated always as identity primary key,
    order_id text collate "C" not null references core.orders,
    line_id text collate "C",
    field text not null check (field in ('address', 'sku', 'quantity')),
    value jsonb not null,
    value_shown text not null,
    base_value jsonb not null,
    base_shown text not null,
    platform_value jsonb,
    platform_shown text,
    is_applied boolean not null default false,
    state text not null default 'active' check (state in ('active', 'undone', 'replaced', 'settled')),
    made_at timestamptz not null,
    made_by text not null,
    reason text not null,
    ended_at timestamptz,
    ended_by text,
    check ((field = 'address') = (line_id is null))
);
create unique index corrections_one_active on core.corrections (order_id, field, coalesce(line_id, '')) where state = 'active';
select ops.describe('core.corrections', 'One row per field of an order that a person put right; laid over what the platform says after every merge; key correction_id.',
    'correction_id', 'key', 'order_id', 'the order', 'line_id', 'the line; null for the address', 'field', 'address, sku or quantity',
    'value', 'columns and values that stand in core instead; masks and hashes for an address', 'value_shown', 'the same for people, masked',
    'base_value', 'what the platform said of the field when it was corrected', 'base_shown', 'the same for people, masked',
    'platform_value', 'what the platform says now; differs from base_value: a conflict', 'platform_shown', 'the same for people, masked',
    'is_applied', 'the row of core shows the correction, not the platform''s value',
    'state', 'active; undone by a person; replaced by a later one; settled: the platform says the same now, or the line is gone',
    'made_at', 'UTC', 'made_by', 'who', 'reason', 'why', 'ended_at', 'UTC', 'ended_by', 'who or what ended it');

create table core.order_changes (
    order_id text collate "C" not null references core.orders,
    line_id text collate "C" not null default '',
    field text not null,
    before_value text,
    after_value text,
    before_version text not null,
    after_version text not null,
    changed_at timestamptz not null,
    _pass_id bigint not null,
    primary key (order_id, line_id, field, _pass_id)
);
select ops.describe('core.order_changes', 'One row per field that a later version changed after import; key order_id, line_id, field, _pass_id.',
    'order_id', 'the order', 'line_id', 'the line; empty for the order itself', 'field', 'status, payment_state, total, paid, freight, discount, ship_by, promotion_mark, buyer_message, seller_memo, seller_flag, name, phone, address; of a line: line (its title), sku, quantity, unit_price, paid, refund',
    'before_value', 'as it was; masked, or a hash where people wrote it; money in fen', 'after_value', 'as it is since', 'before_version', 'version that said so', 'after_version', 'version that changed it',
    'changed_at', 'UTC, the pass that merged it', '_pass_id', 'that pass');
-- What tells two texts apart without showing either: people write names and numbers into them.
create function ops.digest(said text) returns text immutable parallel safe
return '#' || left(encode(sha256(convert_to(said, 'UTF8')), 'hex'), 8) || ' (' || length(said) || ')';
grant execute on function ops.digest(text) to orderhub_app;
grant select on core.withholdings, core.order_changes to orderhub_analyst;
