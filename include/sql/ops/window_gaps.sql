-- window_gaps
-- One row per time range of a stream that is not proven complete, and per stream what no pull has planned yet.
create view ops.window_gaps as
select
    platform,
    shop_id,
    stream,
    window_id,
    kind,
    start_at,
    end_at,
    created_at as open_since,
    attempts,
    not_before,
    coalesce(last_error, 'not read yet') as why
from ops.pull_windows
where state = 'open'
union all
select
    platform,
    shop_id,
    stream,
    null,
    'unplanned',
    max(end_at),
    null,
    max(end_at),
    0,
    null,
    'the next pull plans it'
from ops.pull_windows
where kind <> 'requested'
group by platform, shop_id, stream;

select ops.describe('ops.window_gaps', '还没有证明读全的时间段 / time ranges not proven complete; key shop_id, stream, start_at, kind',
    'platform', 'platform name', 'shop_id', 'our id of the shop', 'stream', 'orders, refunds, …', 'window_id', 'the window; null for what is not planned yet',
    'kind', 'live, gap, requested, or unplanned: since the end of the newest window', 'start_at', 'UTC, inclusive', 'end_at', 'UTC, exclusive; null means until now',
    'open_since', 'UTC, when it was planned', 'attempts', 'times it was read without proof', 'not_before', 'UTC, a ban lasts until then', 'why', 'what the last reading said');
