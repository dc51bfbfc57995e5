-- What a document was addressed to, so that a change is noticed wherever it stands; what people call back by hand.
alter table core.receivers add column receiver_key text generated always as (md5(
    coalesce(token, '') || '|' || coalesce(province, '') || '|' || coalesce(city, '') || '|' || coalesce(district, '')
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
