-- What a warehouse wrote where pieces belong, and nobody can read; a return whose changed plan its WMS does not take.
alter table core.shipment_doubts drop constraint shipment_doubts_reason_check;
alter table core.shipment_doubts add constraint shipment_doubts_reason_check check (reason in (
    'unknown_order', 'no_tracking_number', 'unknown_item', 'excess_pieces', 'short_shipped', 'shipped_after_cancel',
    'second_document', 'unannounced_return', 'excess_return', 'regraded_return', 'unreadable_quantity',
    'changed_return'
));
comment on table core.shipments is
    '包裹:仓库确认发出的 / one row per parcel that a warehouse says has left; without lines where others of its document hold all there is; key shipment_id.';
