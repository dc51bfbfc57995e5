-- What warehouses' own systems hold of ours, what left the buildings, how old a stock figure is.
create table core.delivery_orders (
    fulfillment_order_id text collate "C" primary key references core.fulfillment_orders,
    delivery_order_code text collate "C" not null unique,
    warehouse_id text not null,
    manifest_id text collate "C" not null references core.manifests,
    chunk integer not null,
    state text not null default 'pending' check (state in ('pending', 'accepted', 'refused', 'shipped', 'cancelled')),
    wms_order_id text,
    answer text,
    recall text check (recall in ('requested', 'agreed', 'refused')),
    recall_reason text,
    created_at timestamptz not null,
    accepted_at timestamptz,
    asked_at timestamptz,
    ended_at timestamptz
);
create index delivery_orders_open on core.delivery_orders (warehouse_id, asked_at) where state in ('pending', 'accepted');
create index delivery_orders_by_chunk on core.delivery_orders (manifest_id, chunk);
select ops.describe('core.delivery_orders', '交给 WMS 的发货单 / one row per fulfillment order handed to a WMS; key fulfillment_order_id.',
    'fulfillment_order_id', 'the document', 'delivery_order_code', 'our code at the WMS, made from fulfillment_order_id and never another', 'warehouse_id', 'the building',
    'manifest_id', 'the manifest that handed it over', 'chunk', 'which call of the manifest carried it, from 1',
    'state', 'pending (no answer that counts yet), accepted, refused (a person must act), shipped (all of it left) or cancelled',
    'wms_order_id', 'the WMS''s own number', 'answer', 'what it last said, when it refused', 'recall', 'whether it was called back: requested, agreed or refused', 'recall_reason', 'why',
    'created_at', 'UTC', 'accepted_at', 'UTC, when we knew', 'asked_at', 'UTC, when the WMS was last asked how far it is', 'ended_at', 'UTC');

create table core.shipments (
    shipment_id text collate "C" primary key,
    fulfillment_order_id text collate "C" not null references core.fulfillment_orders,
    order_id text collate "C" not null references core.orders,
    warehouse_id text not null,
    carrier_code text not null,
    tracking_number text not null,
    weight_g integer,
    source text not null check (source in ('wms', 'file')),
    shipped_at timestamptz not null,
    recorded_at timestamptz not null,
    unique (fulfillment_order_id, tracking_number)
);
create index shipments_by_order on core.shipments (order_id);
select ops.describe('core.shipments', '包裹:仓库确认发出的 / one row per parcel that a warehouse says has left; key shipment_id.',
    'shipment_id', 'fulfillment_order_id#tracking_number', 'fulfillment_order_id', 'the document', 'order_id', 'the order', 'warehouse_id', 'the building',
    'carrier_code', 'as the warehouse names the carrier', 'tracking_number', 'of the waybill', 'weight_g', 'grams, when it was weighed', 'source', 'wms, or file (tracking numbers dropped in a sheet)',
    'shipped_at', 'UTC, by the warehouse''s clock', 'recorded_at', 'UTC');

create table core.shipment_lines (
    shipment_id text collate "C" not null references core.shipments,
    order_id text collate "C" not null,
    line_id text collate "C" not null,
    fulfillment_order_id text collate "C" not null,
    warehouse_id text collate "C" not null,
    sku_id text collate "C" not null,
    quantity bigint not null check (quantity > 0),
    is_in_on_hand boolean not null,
    primary key (shipment_id, line_id)
);
create index shipment_lines_by_document on core.shipment_lines (fulfillment_order_id, line_id);
select ops.describe('core.shipment_lines', '包裹里的订单行 / one row per line of a parcel; key shipment_id, line_id.',
    'shipment_id', 'the parcel', 'order_id', 'the order', 'line_id', 'the line', 'fulfillment_order_id', 'the document', 'warehouse_id', 'the building', 'sku_id', 'our SKU', 'quantity', 'pieces',
    'is_in_on_hand', 'whether on_hand counted these pieces when the parcel was recorded or stock was last counted; posting subtracts only such');

create table core.shipment_doubts (
    doubt_id text collate "C" primary key,
    warehouse_id text not null,
    subject text collate "C" not null,
    reason text not null check (reason in ('unknown_order', 'no_tracking_number', 'unknown_item', 'excess_pieces', 'short_shipped', 'shipped_after_cancel', 'second_document')),
    evidence jsonb not null,
    seen_at timestamptz not null,
    resolved_at timestamptz
);
select ops.describe('core.shipment_doubts', '对不上的发货回传 / one row per thing that a warehouse said of parcels and that does not fit; nothing of it was posted; key doubt_id.',
    'doubt_id', 'subject, reason and what of it', 'warehouse_id', 'the building', 'subject', 'delivery order code or order number as the warehouse gave it',
    'reason', 'what does not fit', 'evidence', 'figures; no personal data', 'seen_at', 'UTC, first', 'resolved_at', 'UTC, when a person closed it');

create table core.stock_snapshots (
    snapshot_id text collate "C" primary key,
    warehouse_id text not null,
    source text not null check (source in ('wms', 'file')),
    as_of timestamptz not null,
    is_locked_inside boolean not null,
    sku_count integer not null,
    changed_count integer not null,
    returned_count integer not null,
    taken_at timestamptz not null
);
create index stock_snapshots_by_warehouse on core.stock_snapshots (warehouse_id, as_of desc);
select ops.describe('core.stock_snapshots', '库存快照 / one row per reading of a warehouse''s stock; key snapshot_id.',
    'snapshot_id', 'warehouse@as_of', 'warehouse_id', 'the building', 'source', 'wms, or file (stock.csv dropped)', 'as_of', 'UTC: when the reading began',
    'is_locked_inside', 'whether the figures as given hold the pieces that the WMS locked for documents', 'sku_count', 'SKUs with a figure', 'changed_count', 'figures that changed on_hand',
    'returned_count', 'reservations given back because less was counted than promised', 'taken_at', 'UTC');

create table core.stock_freezes (
    freeze_id bigint generated always as identity primary key,
    warehouse_id text not null,
    frozen_at timestamptz not null,
    frozen_by text not null,
    thawed_at timestamptz,
    thawed_by text
);
create unique index stock_freezes_one_open on core.stock_freezes (warehouse_id) where thawed_at is null;
select ops.describe('core.stock_freezes', '盘点冻结 / one row per stock-take: nothing new is routed to the warehouse, what is reserved stays; key freeze_id.',
    'freeze_id', 'key', 'warehouse_id', 'the building', 'frozen_at', 'UTC', 'frozen_by', 'who', 'thawed_at', 'UTC; null while it lasts', 'thawed_by', 'who');

select ops.describe('core.stock', 'One row per warehouse and SKU; key warehouse_id, sku_id.',
    'counted_at', 'UTC as-of of the last figure: what left later is subtracted from it, what left earlier is not');
grant select on core.delivery_orders, core.shipments, core.shipment_lines, core.shipment_doubts, core.stock_snapshots,
    core.stock_freezes to orderhub_analyst;
