-- Which express company takes a document and why, what platforms ask of it, and its waybill.
alter table core.orders
    add column service_tags text[] not null default '{}',
    add column required_carriers text[] not null default '{}';
select ops.describe('core.orders', 'One row per order of a shop: the winner among its versions; key order_id.',
    'service_tags', 'services that the platform asks for: home_delivery, next_day, transit', 'required_carriers', 'carrier codes of which the platform wants one; empty: any');

create table core.carrier_reasons (
    reason_id text collate "C" primary key,
    candidates jsonb not null,
    first_seen_at timestamptz not null
);
select ops.describe('core.carrier_reasons', '快递选择的理由 / one row per distinct explanation of a choice of carrier, shared by all documents with the same facts; key reason_id.',
    'reason_id', 'hash of candidates', 'candidates', 'what was asked for, and each carrier in the order looked at with its figures and why it lost', 'first_seen_at', 'UTC');

alter table core.fulfillment_orders
    add column carrier_id text,
    add column carrier_rule_id text,
    add column carrier_reason_id text collate "C",
    add column carrier_version_id text,
    add column carrier_date date,
    add column carrier_left integer,
    add column ship_not_before timestamptz,
    add column freight_fen bigint,
    add column weight_g bigint;
create index fulfillment_orders_by_carrier_day on core.fulfillment_orders (carrier_date, carrier_id)
where carrier_date is not null;
select ops.describe('core.fulfillment_orders', 'One row per part of an order that one warehouse ships; key fulfillment_order_id.',
    'carrier_id', 'the carrier of carriers.yaml that takes it; null: none was chosen, the warehouse decides or a hold no_carrier waits',
    'carrier_rule_id', 'the carrier rule that said who is tried first; null: cost alone', 'carrier_reason_id', 'why, in core.carrier_reasons', 'carrier_version_id', 'the order version that the choice of carrier saw',
    'carrier_date', 'Beijing day whose capacity it takes; null where the carrier has no limit', 'carrier_left', 'documents that the carrier could still take on that day, after this one', 'ship_not_before', 'UTC: in no manifest earlier, its goods only leave on some weekdays; null: at once',
    'freight_fen', 'what the carrier charges by its table, fen; null where it has none', 'weight_g', 'grams of its goods, as skus.csv says');
grant select on core.carrier_reasons to orderhub_analyst;

create table core.waybills (
    fulfillment_order_id text collate "C" primary key references core.fulfillment_orders,
    object_id text collate "C" not null unique,
    order_id text collate "C" not null references core.orders,
    warehouse_id text not null,
    carrier_id text not null,
    service text not null,
    manifest_id text collate "C" not null references core.manifests,
    chunk integer not null,
    state text not null check (state in ('pending', 'got', 'refused', 'void_requested', 'void')),
    tracking_number text,
    answer text,
    cod_fen bigint not null default 0,
    requested_at timestamptz not null,
    got_at timestamptz,
    voided_at timestamptz
);
create index waybills_by_chunk on core.waybills (manifest_id, carrier_id, chunk);
create index waybills_open on core.waybills (carrier_id) where state in ('pending', 'got');
select ops.describe('core.waybills', '运单(面单) / one row per fulfillment order for which the hub asks for a waybill number, once; key fulfillment_order_id.',
    'fulfillment_order_id', 'the document', 'object_id', 'our id at the waybill service, made from fulfillment_order_id and never another', 'order_id', 'the order', 'warehouse_id', 'the building',
    'carrier_id', 'the carrier of carriers.yaml', 'service', 'the protocol: cainiao or kuaidi100', 'manifest_id', 'the manifest that asked', 'chunk', 'which call of the manifest carried it, from 1',
    'state', 'pending (no answer that counts yet), got, refused (a person must act), void_requested or void', 'tracking_number', 'of the carrier', 'answer', 'what the service said, when it refused',
    'cod_fen', 'what the courier collects at the door, printed on the label, fen; 0: nothing', 'requested_at', 'UTC', 'got_at', 'UTC', 'voided_at', 'UTC, when the service took it back');

create table core.print_tasks (
    fulfillment_order_id text collate "C" primary key references core.waybills,
    manifest_id text collate "C" not null,
    service text not null,
    template text not null,
    data jsonb not null,
    made_at timestamptz not null
);
create index print_tasks_by_manifest on core.print_tasks (manifest_id);
select ops.describe('core.print_tasks', '打印任务 / one row per label that the packing desk prints; key fulfillment_order_id.',
    'fulfillment_order_id', 'the document', 'manifest_id', 'the manifest', 'service', 'the protocol: cainiao or kuaidi100', 'template', 'the label''s template',
    'data', 'as the service sealed it; no plain receiver', 'made_at', 'UTC');
grant select on core.waybills to orderhub_analyst;
