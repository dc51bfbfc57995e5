-- Stock and what is promised from it, where each order ships from, what each warehouse was handed.
create table core.stock (
    warehouse_id text collate "C" not null,
    sku_id text collate "C" not null,
    on_hand bigint not null,
    reserved bigint not null default 0,
    counted_at timestamptz not null,
    primary key (warehouse_id, sku_id),
    constraint reserved_within_on_hand check (reserved >= 0 and reserved <= on_hand)
);
select ops.describe('core.stock', 'One row per warehouse and SKU; key warehouse_id, sku_id.',
    'warehouse_id', 'the building', 'sku_id', 'our SKU', 'on_hand', 'pieces in the building', 'reserved', 'pieces promised to lines, not yet shipped',
    'counted_at', 'UTC as-of of the last count');

create table core.stock_ledger (
    entry_id bigint generated always as identity primary key,
    warehouse_id text collate "C" not null,
    sku_id text collate "C" not null,
    delta bigint not null,
    reason text not null check (reason in ('opening', 'count', 'shipped', 'returned')),
    source_id text not null,
    recorded_at timestamptz not null,
    unique (warehouse_id, sku_id, reason, source_id)
);
revoke update, delete on core.stock_ledger from orderhub_app;
select ops.describe('core.stock_ledger', 'One row per change of on_hand; append-only; their sum is on_hand.',
    'entry_id', 'key', 'warehouse_id', 'the building', 'sku_id', 'our SKU', 'delta', 'pieces, signed', 'reason', 'opening, count, shipped or returned',
    'source_id', 'the count or document that caused it', 'recorded_at', 'UTC');

create table core.routing_decisions (
    order_id text collate "C" primary key references core.orders,
    outcome text not null check (outcome in ('allocated', 'out_of_stock', 'no_rule')),
    rule_id text,
    warehouse_id text,
    candidates jsonb not null,
    version_id text not null,
    config_version text not null,
    decided_at timestamptz not null,
    _pass_id bigint not null
);
select ops.describe('core.routing_decisions', 'One row per order that routing has looked at: the latest decision and why; key order_id.',
    'order_id', 'the order', 'outcome', 'allocated, out_of_stock or no_rule', 'rule_id', 'first rule that matched', 'warehouse_id', 'the chosen building',
    'candidates', 'each candidate in order with its figures and why it lost', 'version_id', 'the order version it saw', 'config_version', 'the rules it used',
    'decided_at', 'UTC', '_pass_id', 'fulfil pass');

create table core.fulfillment_orders (
    fulfillment_order_id text collate "C" primary key,
    order_id text collate "C" not null references core.orders,
    warehouse_id text not null,
    state text not null check (state in ('allocated', 'manifested', 'shipped', 'cancelled')),
    routing_rule_id text not null,
    version_id text not null,
    config_version text not null,
    is_shadow boolean not null,
    allocated_at timestamptz not null,
    cancelled_at timestamptz,
    cancel_reason text,
    _pass_id bigint not null
);
create index fulfillment_orders_by_order on core.fulfillment_orders (order_id);
create index fulfillment_orders_allocated on core.fulfillment_orders (warehouse_id, allocated_at) where state = 'allocated';
select ops.describe('core.fulfillment_orders', 'One row per part of an order that one warehouse ships; key fulfillment_order_id.',
    'fulfillment_order_id', 'order_id@n, n counts re-allocations', 'order_id', 'the order', 'warehouse_id', 'the building',
    'state', 'allocated, manifested, shipped or cancelled', 'routing_rule_id', 'the rule that chose the building', 'version_id', 'the order version it was made from',
    'config_version', 'the rules it used', 'is_shadow', 'decided but never sent', 'allocated_at', 'UTC', 'cancelled_at', 'UTC', 'cancel_reason', 'why', '_pass_id', 'fulfil pass');

create table core.reservations (
    reservation_id text collate "C" primary key,
    fulfillment_order_id text collate "C" not null references core.fulfillment_orders,
    order_id text collate "C" not null,
    line_id text collate "C" not null,
    warehouse_id text collate "C" not null,
    sku_id text collate "C" not null,
    quantity bigint not null check (quantity > 0),
    state text not null check (state in ('active', 'posted', 'voided', 'expired')),
    reserved_at timestamptz not null,
    resolved_at timestamptz,
    resolution text,
    foreign key (warehouse_id, sku_id) references core.stock,
    check ((state = 'active') = (resolved_at is null))
);
create unique index reservations_one_active on core.reservations (order_id, line_id) where state = 'active';
create index reservations_by_stock on core.reservations (warehouse_id, sku_id) where state = 'active';
create index reservations_by_fulfillment_order on core.reservations (fulfillment_order_id);
select ops.describe('core.reservations', 'One row per order line and warehouse: pieces promised; resolved exactly once; key reservation_id.',
    'reservation_id', 'fulfillment_order_id#line_id', 'fulfillment_order_id', 'its document', 'order_id', 'the order', 'line_id', 'the line', 'warehouse_id', 'the building',
    'sku_id', 'our SKU', 'quantity', 'pieces', 'state', 'active, then posted (shipped), voided or expired', 'reserved_at', 'UTC', 'resolved_at', 'UTC', 'resolution', 'what resolved it');

create table core.manifests (
    manifest_id text collate "C" primary key,
    warehouse_id text not null,
    cutoff_id text not null references ops.cutoffs,
    cutoff_at timestamptz not null,
    amendment integer not null default 0,
    is_shadow boolean not null,
    state text not null check (state in ('closed', 'published', 'void')),
    order_count bigint not null,
    line_count bigint not null,
    quantity_total bigint not null,
    left_out jsonb not null default '{}',
    config_version text not null,
    closed_at timestamptz not null,
    published_at timestamptz,
    unique (cutoff_id, amendment, is_shadow)
);
select ops.describe('core.manifests', 'One row per dated list that a warehouse gets; key manifest_id.',
    'manifest_id', 'cutoff_id, with #n for an amendment', 'warehouse_id', 'the building', 'cutoff_id', 'the cut-off', 'cutoff_at', 'UTC instant of the cut-off', 'amendment', '0, then 1, 2, …',
    'is_shadow', 'decided but never sent', 'state', 'closed (membership fixed), published (files are in place) or void', 'order_count', 'fulfillment orders', 'line_count', 'lines',
    'quantity_total', 'pieces', 'left_out', 'reason → count of what was due and is not in', 'config_version', 'configuration at closing', 'closed_at', 'UTC', 'published_at', 'UTC');

create table core.manifest_lines (
    manifest_id text collate "C" not null references core.manifests,
    fulfillment_order_id text collate "C" not null references core.fulfillment_orders,
    order_id text collate "C" not null,
    line_id text collate "C" not null,
    sku_id text not null,
    quantity bigint not null,
    is_void boolean not null default false,
    primary key (manifest_id, order_id, line_id)
);
create unique index manifest_lines_ship_once on core.manifest_lines (order_id, line_id) where not is_void;
select ops.describe('core.manifest_lines', 'One row per line of a manifest; a line stands in one non-void manifest at most; key manifest_id, order_id, line_id.',
    'manifest_id', 'the manifest', 'fulfillment_order_id', 'the document', 'order_id', 'the order', 'line_id', 'the line', 'sku_id', 'our SKU', 'quantity', 'pieces', 'is_void', 'taken back');

create table core.manifest_files (
    manifest_id text collate "C" not null references core.manifests,
    file_name text not null,
    file_sha256 text not null,
    byte_count bigint not null,
    published_at timestamptz not null,
    primary key (manifest_id, file_name)
);
select ops.describe('core.manifest_files', 'One row per file handed over; key manifest_id, file_name.',
    'manifest_id', 'the manifest', 'file_name', 'relative to the manifests folder', 'file_sha256', 'hex', 'byte_count', 'size', 'published_at', 'UTC');
