-- A parcel that no warehouse reports and a person says has left, with its number or without.
alter table core.shipments drop constraint shipments_source_check;
alter table core.shipments add constraint shipments_source_check check (source in ('wms', 'file', 'hand'));
comment on column core.shipments.source is
    'wms, file (tracking numbers dropped in a sheet), or hand (a person asked: ops.audit says who)';
comment on column core.shipments.tracking_number is
    'of the waybill; - where a person says that it left and nobody knows the number';

-- A recall whose cause is over before the parcel has left: nobody has to stop it any more.
alter table core.hand_recalls drop constraint hand_recalls_state_check;
alter table core.hand_recalls add constraint hand_recalls_state_check check (
    state in ('requested', 'agreed', 'refused', 'over')
);
comment on column core.hand_recalls.state is
    'requested (call the warehouse), agreed (it keeps the goods), refused (picked or gone) or over (it may leave after all: its cause is gone)';
comment on column core.delivery_orders.recall is
    'whether it was called back: requested, agreed or refused; null again when the cause was over before it left';
comment on column core.delivery_orders.recalled_for is
    'every cause that it was called back for: reason, and of which line or for which receiver_key; another one asks again, and so does one that was over';
comment on column core.hand_recalls.recalled_for is
    'every cause that it was called back for: reason, and of which line or for which receiver_key; another one asks again, and so does one that was over';
