-- One row per stream of the shop: until when it is covered without a hole; key stream.
-- A stream that was never covered from its first planned window on has no row.
with streams as (
    select
        stream,
        min(start_at) filter (where kind <> 'requested') as since,
        range_agg(tstzrange(start_at, end_at)) filter (where state = 'covered') as ranges
    from ops.pull_windows
    where shop_id = :shop_id
    group by stream
)

select s.stream, upper(part) as known_until
from streams as s
cross join lateral unnest(s.ranges) as part
where part @> s.since
