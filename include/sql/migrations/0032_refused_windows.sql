-- A range that somebody asked for and the platform does not give: it is not asked for again.
alter table ops.pull_windows drop constraint pull_windows_state_check;
alter table ops.pull_windows add constraint pull_windows_state_check
check (state in ('open', 'covered') or state = 'refused' and kind = 'requested');
comment on column ops.pull_windows.state is 'open until covered; refused: requested, and the platform does not give it';
