-- One row: whether the shop's orders are covered without a hole from its first planned window to :until.
-- A range that somebody asked for by hand does not move the beginning.
with wanted as (
    select min(start_at) as since
    from ops.pull_windows
    where shop_id = :shop_id and stream = 'orders' and kind <> 'requested'
),

covered as (
    select range_agg(tstzrange(start_at, end_at)) as ranges
    from ops.pull_windows
    where shop_id = :shop_id and stream = 'orders' and state = 'covered'
)

select
    coalesce(
        wanted.since is not null
        and (wanted.since >= :until or covered.ranges @> tstzrange(wanted.since, :until)),
        false
    ) as is_covered
from wanted
cross join covered
