-- A parcel that no warehouse reports and a person says has left, with its number or without.
alter table core.shipments drop constraint shipments_source_check;
alter table core.shipments add constraint shipments_source_check check (source in ('wms', 'file', 'hand'));
comment on column core.shipments.source is
    'wms, file (tracking numbers dropped in a sheet), or hand (a person asked: ops.audit says who)';
comment on column core.shipments.tracking_number is
    'of the waybill; - where a person says that it left and nobody knows the number';
