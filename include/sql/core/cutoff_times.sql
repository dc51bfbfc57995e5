-- Notes since when each time of day closes lists; one that was there before keeps its since.
with said as (
    select warehouse_id, time_of_day
    from unnest(cast(:warehouses as text[]), cast(:times as time[])) as s (warehouse_id, time_of_day)
),
gone as (
    delete from core.cutoff_times as t
    where not exists (
        select from said as s where (s.warehouse_id, s.time_of_day) = (t.warehouse_id, t.time_of_day))
)
insert into core.cutoff_times (warehouse_id, time_of_day, since)
select warehouse_id, time_of_day, :now from said
on conflict do nothing
