-- Orders of one buyer to one receiver leave in one parcel (合单). Documents stay one per order: what is stopped,
-- refunded or told stays that of one order; what leaves the house once reads the parcel.
create table core.merge_decisions (
    fulfillment_order_id text collate "C" primary key,
    manifest_id text collate "C" not null,
    parcel_id text collate "C",
    reason text not null check (reason in (
        'same_receiver', 'cash_on_delivery', 'not_paid', 'held', 'refund_open', 'transit', 'in_parts', 'too_large', 'other_carrier', 'others_alone'
    )),
    decided_at timestamptz not null
);
create index merge_decisions_by_manifest on core.merge_decisions (manifest_id);
create index merge_decisions_by_parcel on core.merge_decisions (parcel_id) where parcel_id is not null;
select ops.describe('core.merge_decisions', '合单:同一买家、同一收件人的发货单怎么走 / one row per document of a manifest whose buyer has another one to the same receiver in it; key fulfillment_order_id.',
    'fulfillment_order_id', 'the document', 'manifest_id', 'the manifest whose closing decided', 'parcel_id', 'the parcel: the smallest fulfillment_order_id of those in it; null: it leaves alone',
    'reason', 'same_receiver: merged; else why it leaves alone: cash_on_delivery, not_paid, held, refund_open, transit (to a depot), in_parts (the order has several documents), too_large, other_carrier, others_alone (the others may not be merged)',
    'decided_at', 'UTC');
grant select on core.merge_decisions to orderhub_analyst;

alter table core.manifest_lines add column parcel_id text collate "C";
select ops.describe('core.manifest_lines', 'One row per line of a manifest; a line stands in one non-void manifest at most; key manifest_id, order_id, line_id.',
    'parcel_id', 'the parcel in which its document leaves with others (core.merge_decisions); null: its document is a parcel of its own');

-- The documents of one parcel are one delivery order at the WMS, and one waybill.
alter table core.delivery_orders drop constraint delivery_orders_delivery_order_code_key;
create index delivery_orders_by_code on core.delivery_orders (delivery_order_code);
select ops.describe('core.delivery_orders', '交给 WMS 的发货单 / one row per fulfillment order handed to a WMS; key fulfillment_order_id.',
    'delivery_order_code', 'our code at the WMS, made from the parcel''s id and never another; documents of one parcel share it');
select ops.describe('core.waybills', '运单(面单) / one row per parcel for which the hub asks for a waybill number, once; key fulfillment_order_id.',
    'fulfillment_order_id', 'the document; of a merged parcel the one whose id is the parcel''s');

-- Tokens of receivers belong to one order: only their platform says whether two are one receiver.
create table core.merge_answers (
    order_id text collate "C" primary key,
    merge_key text collate "C" not null,
    receiver_key text not null,
    asked_at timestamptz not null
);
select ops.describe('core.merge_answers', '合单接口的答复 / one row per order about which its platform was asked with whom it may leave; key order_id.',
    'order_id', 'the order', 'merge_key', 'equal where the same answer said that they go to one receiver: the smallest order_id of them, and when it was asked', 'receiver_key', 'the receiver that was asked about: another one now is asked about anew',
    'asked_at', 'UTC');
grant select on core.merge_answers to orderhub_analyst;
