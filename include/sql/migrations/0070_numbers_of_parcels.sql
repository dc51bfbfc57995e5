-- What stands for a tracking number and is none; a number that the parcel of another buyer has; a parcel that left by
-- another label than the one that was taken for it.
alter table core.shipment_doubts drop constraint shipment_doubts_reason_check;
alter table core.shipment_doubts add constraint shipment_doubts_reason_check check (reason in (
    'unknown_order', 'no_tracking_number', 'unknown_item', 'excess_pieces', 'short_shipped', 'shipped_after_cancel',
    'second_document', 'unannounced_return', 'excess_return', 'regraded_return', 'unreadable_quantity',
    'changed_return', 'odd_tracking_number', 'number_of_another', 'another_label'
));
create index shipments_by_number on core.shipments (tracking_number);
