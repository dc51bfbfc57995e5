-- A time of day that is added after it has passed must not close a list at once: it counts from when it was added.
create table core.cutoff_times (
    warehouse_id text collate "C" not null,
    time_of_day time not null,
    since timestamptz not null,
    primary key (warehouse_id, time_of_day)
);
select ops.describe('core.cutoff_times', '截单时刻:warehouses.yaml 里的每个 / one row per cut-off of warehouses.yaml; key warehouse_id, time_of_day.',
    'warehouse_id', 'the building', 'time_of_day', 'Asia/Shanghai',
    'since', 'UTC: when the configuration that has it was applied; earlier instants close nothing');
grant select on core.cutoff_times to orderhub_analyst;
-- What has closed lists before was there before.
insert into core.cutoff_times
select warehouse_id, cast(cutoff_at at time zone 'Asia/Shanghai' as time), min(cutoff_at)
from ops.cutoffs where kind = 'scheduled'
group by 1, 2;
