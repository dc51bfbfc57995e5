-- One row: whether every stream of the shop is covered without a hole from its first planned window to :until.
-- A window counts once routing has seen what it brought; what was covered before :recent it has. A range that
-- somebody asked for by hand does not move the beginning.
with recent as materialized (
    select window_id
    from ops.pull_windows
    where shop_id = :shop_id and state = 'covered' and covered_at > :recent
),

seen as (
    select seen_pass_id
    from ops.passes
    where kind = 'fulfill' and finished_at is not null
    order by pass_id desc
    limit 1
),

unseen as (
    select l.window_id
    from recent as w
    inner join ops.loads as l on w.window_id = l.window_id
    where not exists (
        select from ops.pass_loads as t
        inner join ops.passes as p on t.pass_id = p.pass_id
        where t.load_id = l.load_id and p.finished_at is not null and p.pass_id <= (select seen_pass_id from seen)
    )
),

streams as (
    select
        stream,
        min(start_at) filter (where kind <> 'requested') as since,
        range_agg(tstzrange(start_at, end_at)) filter (
            where state = 'covered' and window_id not in (select window_id from unseen)
        ) as ranges
    from ops.pull_windows
    where shop_id = :shop_id
    group by stream
)

select
    coalesce(
        bool_or(stream = 'orders')
        and bool_and(
            since is not null
            and (since >= :until or coalesce(ranges @> tstzrange(since, :until), false))
        ),
        false
    ) as is_covered
from streams
