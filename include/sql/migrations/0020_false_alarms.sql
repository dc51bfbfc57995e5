-- Who called an anomaly a false alarm; alerts that are over are found by when they ended.
alter table core.anomalies
    add column false_alarm_by text,
    add column false_alarm_at timestamptz,
    add column false_alarm_reason text;
comment on column core.anomalies.false_alarm_by is 'who said that it is a false alarm';
comment on column core.anomalies.false_alarm_at is 'UTC, when';
comment on column core.anomalies.false_alarm_reason is 'why';

create index alerts_by_closed on ops.alerts (closed_at) where closed_at is not null;
