-- verify_windows
-- One row per pull window that contradicts the rule of coverage, or holds time that another planned one holds.
create view ops.verify_windows as
with planned as (
    select
        window_id,
        start_at,
        max(end_at) over (
            partition by platform, shop_id, stream order by start_at, window_id
            rows between unbounded preceding and 1 preceding
        ) as held_until
    from ops.pull_windows
    where kind <> 'requested'
)

select
    'window ' || window_id as subject,
    'overlaps the window before it' as problem
from planned
where held_until > start_at
union all
select
    'window ' || window_id,
    'is called covered with before ' || coalesce(total_before::text, '?') || ', after '
    || coalesce(total_after::text, '?') || ', distinct ids ' || coalesce(distinct_read::text, '?') || ', rejected ' || rejected_count
from ops.pull_windows
where state = 'covered' and not coalesce(distinct_read + rejected_count between total_after and total_before, false);

select ops.describe('ops.verify_windows', '覆盖的窗口都数得清,时间不重叠 / windows that contradict the rule of coverage; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
