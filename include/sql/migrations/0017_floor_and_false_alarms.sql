-- What the platform pays in the buyer's place; who called an anomaly a false alarm; alerts that are over are found by when they ended.
alter table core.order_lines add column subsidy_fen bigint;
select ops.describe('core.order_lines', 'One row per line of the winning version of an order, per part of a bundle, and per gift of the hub; key order_id, line_id.',
    'subsidy_fen', 'what the platform pays the shop for the line in the buyer''s place, fen; not in paid_fen; null where it does not tell; some tell it of the whole order: never sum it');

alter table core.anomalies
    add column false_alarm_by text,
    add column false_alarm_at timestamptz,
    add column false_alarm_reason text;
comment on column core.anomalies.false_alarm_by is 'who said that it is a false alarm';
comment on column core.anomalies.false_alarm_at is 'UTC, when';
comment on column core.anomalies.false_alarm_reason is 'why';

create index alerts_by_closed on ops.alerts (closed_at) where closed_at is not null;
