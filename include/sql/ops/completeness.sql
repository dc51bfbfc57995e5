-- completeness
-- One row per pull window and per dropped file: what the source claimed, what was staged, what became of it.
create view ops.completeness as
with canonical as (
    select
        load_id,
        count(*) as records
    from (
        select _load_id as load_id from core.orders
        union all
        select _load_id as load_id from core.refunds
    ) as current_versions
    group by load_id
),

by_window as (
    select
        l.window_id,
        sum(l.row_count) as listed,
        sum(l.staged_count) as staged,
        sum(c.records) as canonical
    from ops.loads as l
    left join canonical as c on l.load_id = c.load_id
    where l.window_id is not null
    group by l.window_id
),

by_file as (
    select
        l.shop_id,
        l.file_sha256,
        sum(c.records) as canonical
    from ops.loads as l
    left join canonical as c on l.load_id = c.load_id
    where l.window_id is null
    group by l.shop_id, l.file_sha256
),

parked as (
    select
        split_part(source, ' ', 2) as window_id,
        count(*) as records
    from ops.parked_records
    where resolved_at is null and source like 'window %'
    group by split_part(source, ' ', 2)
)

select
    w.platform, w.shop_id, w.stream, w.window_id, w.kind as source, w.start_at, w.end_at, w.state,
    w.total_before as claimed_before, w.total_after as claimed_after, w.distinct_read,
    coalesce(b.listed, 0) as listed, coalesce(b.staged, 0) as staged,
    coalesce(p.records, 0) + w.rejected_count as rejected, coalesce(b.canonical, 0) as canonical
from ops.pull_windows as w
left join by_window as b on w.window_id = b.window_id
left join parked as p on w.window_id::text = p.window_id
union all
select
    s.platform, f.shop_id, 'orders', null, f.file_name, null, f.received_at, f.state,
    f.rows_read, f.rows_read, null, f.rows_read, f.rows_accepted, f.rows_rejected, coalesce(b.canonical, 0)
from ops.file_drops as f
left join core.shops as s on f.shop_id = s.shop_id
left join by_file as b on f.shop_id = b.shop_id and f.file_sha256 = b.file_sha256;

select ops.describe('ops.completeness', '每个窗口或文件:平台说有多少、收了多少、成了多少 / claimed, staged, rejected, canonical per window or file; key shop_id, stream, window_id or source',
    'platform', 'platform name', 'shop_id', 'our id of the shop', 'stream', 'orders, refunds, …', 'window_id', 'the window; null for files',
    'source', 'kind of the window, or name of the file', 'start_at', 'UTC, inclusive; null for files', 'end_at', 'UTC, exclusive; when a file came',
    'state', 'open or covered; of a file: accepted, partly_accepted, rejected', 'claimed_before', 'records the source claimed before the first page',
    'claimed_after', 'asked again after the last page', 'distinct_read', 'distinct ids read', 'listed', 'rows listed, repetitions included',
    'staged', 'new versions staged', 'rejected', 'records parked and still waiting, rows without a usable id; of a file: rows refused',
    'canonical', 'orders and refunds of core whose current version came with it');
