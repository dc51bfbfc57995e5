-- What is asked of the platforms before a manifest closes; what was handed over, kept as it was; lists that are void.
create table ops.last_looks (
    order_id text collate "C" primary key references core.orders,
    looked_at timestamptz not null,
    is_reread boolean not null,
    seen_at timestamptz not null
);
select ops.describe('ops.last_looks', '截单前最后一看 / one row per order that a manifest was about to take; key order_id.',
    'order_id', 'the order', 'looked_at', 'UTC: when we last tried to read it again', 'is_reread', 'whether the platform gave it then',
    'seen_at', 'UTC: the latest instant at which the platform''s state of it is known; half an hour ago keeps it off the list');

alter table ops.cutoffs add column left_shops text[] not null default '{}';
comment on column ops.cutoffs.left_shops is 'shops whose orders were left out, source_stale or status_unconfirmed, and follow as an amendment';

alter table core.manifest_files add column part text not null default 'lists' check (part in ('lists', 'labels', 'books'));
update core.manifest_files set part = 'books' where file_name like '%.xlsx';
alter table core.manifest_files alter column part drop default;
comment on column core.manifest_files.part is 'lists (CSV for the warehouse), labels (hand-over and label software) or books (XLSX and PDF for people)';

create table core.manifest_copies (
    manifest_id text collate "C" not null,
    file_name text not null,
    content bytea not null,
    primary key (manifest_id, file_name),
    foreign key (manifest_id, file_name) references core.manifest_files
);
select ops.describe('core.manifest_copies', '交出去的文件原样 / one row per file handed over, as it was: reprinting gives these bytes; key manifest_id, file_name.',
    'manifest_id', 'the manifest', 'file_name', 'relative to the manifests folder', 'content', 'zlib of the file; of receivers it holds what the export policy let out');

alter table core.manifests
    add column voided_at timestamptz,
    add column voided_by text,
    add column void_reason text;
comment on column core.manifests.voided_at is 'UTC, when a person took the whole list back';
comment on column core.manifests.voided_by is 'who';
comment on column core.manifests.void_reason is 'why';
