-- What people are told of, once: open until what it is about is over.
create table ops.alerts (
    alert_id bigint generated always as identity primary key,
    rule_id text not null,
    topic text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    subject text collate "C" not null,
    fingerprint text collate "C" not null,
    title_zh text not null,
    title_en text not null,
    text_zh text not null,
    text_en text not null,
    shop_id text,
    warehouse_id text,
    link text,
    raised_at timestamptz not null,
    seen_at timestamptz not null,
    told_at timestamptz,
    closed_at timestamptz
);
create unique index alerts_one_open on ops.alerts (rule_id, subject, fingerprint) where closed_at is null;
create index alerts_untold on ops.alerts (topic) where told_at is null and closed_at is null;
create index alerts_by_told on ops.alerts (told_at);
select ops.describe('ops.alerts', 'One row per thing that people are told of, open while it lasts; key alert_id; one open row per rule_id, subject, fingerprint.',
    'alert_id', 'key', 'rule_id', 'the check or look that raised it', 'topic', 'what is told in one message: the rule, or held for all that a pass held',
    'severity', 'critical, warning or info; critical is told in quiet hours too',
    'subject', 'what it is about: an order, a shop, a SKU, …', 'fingerprint', 'what of the subject; another one is another alert',
    'title_zh', 'one line, Chinese; no personal data', 'title_en', 'the same in English', 'text_zh', 'what is wrong and what to do, Chinese; no personal data',
    'text_en', 'the same in English', 'shop_id', 'the shop it concerns; decides who is told', 'warehouse_id', 'the building it concerns; decides who is told',
    'link', 'where to act; may begin with {airflow_url}', 'raised_at', 'UTC, first seen', 'seen_at', 'UTC, last seen', 'told_at', 'UTC, when the messages about it were put into the outbox; null: waits for the end of quiet hours or of a flood, or its shop is in shadow mode',
    'closed_at', 'UTC; null while open');

create table ops.watch (
    singleton boolean primary key default true check (singleton),
    looked_at timestamptz not null,
    awake_since timestamptz not null
);
select ops.describe('ops.watch', 'One row: when the hub was last looked at.',
    'singleton', 'always true', 'looked_at', 'UTC, of the last look', 'awake_since', 'UTC; since then looks came without a long break, so that what is late is late and not only asleep');
