-- One row per copy that is removed; key manifest_id, file_name. A list of which anything may still leave keeps its copies at any age.
with old as (
    select c.manifest_id, c.file_name
    from core.manifest_copies as c
    inner join core.manifests as m on c.manifest_id = m.manifest_id
    where m.closed_at < cast(:now as timestamptz) - make_interval(days => :copies_days)
        and not exists (
            select from core.manifest_lines as l
            inner join core.fulfillment_orders as f on l.fulfillment_order_id = f.fulfillment_order_id
            where l.manifest_id = c.manifest_id and not l.is_void and f.state = 'manifested'
        )
    order by m.closed_at, c.manifest_id, c.file_name
    limit :most
),

removed as (
    delete from core.manifest_copies as c
    using old
    where c.manifest_id = old.manifest_id and c.file_name = old.file_name
    returning c.manifest_id, c.file_name
)

update core.manifest_files as f
set copy_removed_at = :now
from removed
where f.manifest_id = removed.manifest_id and f.file_name = removed.file_name
returning f.manifest_id, f.file_name
