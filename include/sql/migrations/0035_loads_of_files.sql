-- A load says which file it came from by the file's bytes: names come again every day.
alter table ops.loads add column file_sha256 text;
comment on column ops.loads.file_sha256 is 'of the bytes of the file, hex; null for pages';

update ops.loads as l
set file_sha256 = (
    select d.file_sha256 from ops.file_drops as d
    where d.shop_id = l.shop_id and d.file_name = l.source
    order by abs(extract(epoch from d.received_at - l.committed_at)), d.file_sha256
    limit 1
)
where l.window_id is null;
