-- What a document was addressed to, so that a change is noticed wherever it stands; what people call back by hand.
-- Of ciphertext (~…) nobody says that the same address gives the same text: it is not compared, what is masked is.
alter table core.receivers add column receiver_key text generated always as (md5(
    case when token like '~%' then '' else coalesce(token, '') end || '|' || coalesce(province, '') || '|' || coalesce(city, '') || '|' || coalesce(district, '')
    || '|' || coalesce(town, '') || '|' || coalesce(name_masked, '') || '|' || coalesce(phone_masked, '')
    || '|' || coalesce(phone_hash, '') || '|' || coalesce(address_masked, '') || '|' || coalesce(address_hash, '')
)) stored;
comment on column core.receivers.receiver_key is 'hash of all that is known of the receiver: another one is another address';

alter table core.fulfillment_orders add column receiver_key text;
comment on column core.fulfillment_orders.receiver_key is 'the receiver when it was allocated; another one now is a changed address. Null before migration 0025';

create table core.hand_recalls (
    fulfillment_order_id text collate "C" primary key references core.fulfillment_orders,
    warehouse_id text not null,
    reason text not null,
    state text not null default 'requested' check (state in ('requested', 'agreed', 'refused')),
    requested_at timestamptz not null,
    ended_at timestamptz,
    ended_by text
);
select ops.describe('core.hand_recalls', '人工撤单:没有 WMS 的仓库 / one row per document that people call back from a warehouse without a WMS; key fulfillment_order_id.',
    'fulfillment_order_id', 'the document', 'warehouse_id', 'the building', 'reason', 'why it must not leave',
    'state', 'requested (call the warehouse), agreed (it keeps the goods) or refused (picked or gone)', 'requested_at', 'UTC',
    'ended_at', 'UTC, when a person said what the warehouse said', 'ended_by', 'who');
grant select on core.hand_recalls to orderhub_analyst;

-- What buyers send back: announced to the warehouse that sent it, stock again when it says so.
create index shipment_lines_by_order on core.shipment_lines (order_id, line_id);
create table core.returns (
    return_id text collate "C" primary key,
    refund_id text collate "C" not null,
    order_id text collate "C" not null references core.orders,
    fulfillment_order_id text collate "C" not null references core.fulfillment_orders,
    warehouse_id text collate "C" not null,
    return_order_code text collate "C" not null unique,
    planned jsonb not null,
    state text not null check (state in ('announced', 'accepted', 'refused', 'received')),
    wms_return_id text,
    answer text,
    announced_at timestamptz not null,
    asked_at timestamptz,
    received_at timestamptz
);
create index returns_open on core.returns (warehouse_id, asked_at) where state in ('announced', 'accepted', 'refused');
select ops.describe('core.returns', '退货单:买家寄回、告知仓库的 / one row per after-sale and warehouse that its goods come back to; key return_id.',
    'return_id', 'refund_id@warehouse_id', 'refund_id', 'the after-sale in core.refunds', 'order_id', 'the order', 'fulfillment_order_id', 'a document that the goods left with',
    'warehouse_id', 'the building that sent them', 'return_order_code', 'our code at the warehouse, made from return_id and never another', 'planned', 'SKU → pieces that may come back: more is a doubt',
    'state', 'announced (no answer that counts yet), accepted, refused (a person must act) or received (all of it)', 'wms_return_id', 'the WMS''s own number',
    'answer', 'what it said, when it refused', 'announced_at', 'UTC', 'asked_at', 'UTC, when the WMS was last asked how far it is', 'received_at', 'UTC, when all of it was confirmed');

create table core.return_lines (
    return_id text collate "C" not null references core.returns,
    confirmation_id text collate "C" not null,
    sku_id text collate "C" not null,
    grade text not null check (grade in ('sellable', 'defect')),
    quantity bigint not null check (quantity > 0),
    is_counted boolean not null,
    source text not null check (source in ('wms', 'file')),
    confirmed_at timestamptz not null,
    recorded_at timestamptz not null,
    primary key (return_id, confirmation_id, sku_id, grade)
);
create index return_lines_by_time on core.return_lines (confirmed_at);
select ops.describe('core.return_lines', '退货入库:仓库验过的 / one row per SKU and grade that a warehouse confirmed; only sellable pieces become stock; key return_id, confirmation_id, sku_id, grade.',
    'return_id', 'the return', 'confirmation_id', 'which confirmation said so: the total of a WMS, or the hash of a sheet', 'sku_id', 'our SKU',
    'grade', 'sellable, or defect: never sold again', 'quantity', 'pieces', 'is_counted', 'a stock figure as of later held them already, so on_hand was not raised',
    'source', 'wms, or file (a sheet)', 'confirmed_at', 'UTC, by the warehouse''s clock', 'recorded_at', 'UTC');
grant select on core.returns, core.return_lines to orderhub_analyst;

alter table core.shipment_doubts drop constraint shipment_doubts_reason_check;
alter table core.shipment_doubts add constraint shipment_doubts_reason_check check (reason in (
    'unknown_order', 'no_tracking_number', 'unknown_item', 'excess_pieces', 'short_shipped', 'shipped_after_cancel',
    'second_document', 'unannounced_return', 'excess_return', 'regraded_return'
));

-- What each shop may offer, and what its platform was told of it.
create table core.sellable (
    shop_id text collate "C" not null,
    sku_id text collate "C" not null,
    sellable_qty bigint not null check (sellable_qty >= 0),
    atp_qty bigint not null,
    percent integer not null,
    floor_qty bigint not null,
    change_no bigint not null,
    changed_at timestamptz not null,
    told_qty bigint,
    told_at timestamptz,
    answer text,
    primary key (shop_id, sku_id)
);
select ops.describe('core.sellable', '各店可售量:可承诺量 × 份额 / one row per shop and SKU of shares.csv: what the shop may offer; their sum never exceeds ATP; key shop_id, sku_id.',
    'shop_id', 'our id of the shop', 'sku_id', 'our SKU; of a bundle, as many as the shop''s own pieces of its parts make', 'sellable_qty', 'pieces it may offer',
    'atp_qty', 'on hand - reserved - safety stock, over all ordinary warehouses', 'percent', 'its share of what the floors leave', 'floor_qty', 'pieces that are its own before anything is shared',
    'change_no', 'counts the changes of sellable_qty; the version that the platform is told', 'changed_at', 'UTC, when sellable_qty last changed',
    'told_qty', 'what the platform was last told; null when nothing', 'told_at', 'UTC', 'answer', 'what the platform had against it');
grant select on core.sellable to orderhub_analyst;
