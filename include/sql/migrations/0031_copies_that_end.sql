-- Copies of files that were handed over end some time after everything on their list is gone.
alter table core.manifest_files add column copy_removed_at timestamptz;
comment on column core.manifest_files.copy_removed_at is 'UTC, when its copy in core.manifest_copies was removed, copies_days after the list closed; null: there is one, or never was';
