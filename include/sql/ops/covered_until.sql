-- One row: whether every stream of the shop is covered without a hole from its first planned window to :until.
-- A range that somebody asked for by hand does not move the beginning.
with streams as (
    select
        stream,
        min(start_at) filter (where kind <> 'requested') as since,
        range_agg(tstzrange(start_at, end_at)) filter (where state = 'covered') as ranges
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
