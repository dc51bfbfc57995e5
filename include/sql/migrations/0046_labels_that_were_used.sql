-- A label that nobody took back: a person says that it was used.
alter table core.waybills drop constraint waybills_state_check;
alter table core.waybills add constraint waybills_state_check check (
    state in ('pending', 'got', 'refused', 'void_requested', 'void', 'used')
);
comment on column core.waybills.state is
    'pending (no answer that counts yet), got, refused (a person must act), void_requested, void, or used (never taken back, says a person: ops.audit)';
comment on column core.waybills.voided_at is 'UTC, when the service took it back, or a person said that it is void';
