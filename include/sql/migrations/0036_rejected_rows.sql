-- Rows of a window that have no usable id: some readings wait for them, then they are told and the window is covered.
alter table ops.pull_windows add column rejected_count integer not null default 0 check (rejected_count >= 0);
comment on column ops.pull_windows.rejected_count is 'rows of the last reading without a usable id: they are not staged';
