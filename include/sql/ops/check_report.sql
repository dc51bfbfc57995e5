-- One row per check: what its last pass said of it, and what stands open; key rule_id.
create view ops.check_report as
with latest as (
    select distinct on (rule_id)
        rule_id, suite, pass_id, judged_count, evaluated_count, failed_count, audited_failed_count, audited_at
    from ops.check_verdicts
    order by rule_id, pass_id desc
),
month as (
    select v.rule_id, sum(v.evaluated_count) as evaluated_count, sum(v.failed_count) as failed_count
    from ops.check_verdicts as v
    join ops.passes as p using (pass_id)
    where p.started_at >= (select max(started_at) from ops.passes) - interval '30 days'
    group by v.rule_id
),
seen as (
    select rule_id, count(*) as seen_count, count(*) filter (where is_false_alarm) as false_alarm_count
    from core.anomalies
    where first_seen_at >= (select max(started_at) from ops.passes) - interval '30 days'
    group by rule_id
),
standing as (
    select a.rule_id, count(*) as open_count, count(h.hold_id) as held_count
    from core.anomalies as a
    left join core.holds as h on h.anomaly_id = a.anomaly_id and h.state = 'active'
    where a.state = 'open'
    group by a.rule_id
)

select
    latest.rule_id,
    latest.suite,
    latest.pass_id,
    latest.judged_count,
    latest.evaluated_count,
    latest.failed_count,
    latest.audited_failed_count,
    case
        when latest.audited_at is null then 'not_audited'
        when latest.audited_failed_count = latest.failed_count then 'equal'
        else 'different'
    end as audit,
    month.evaluated_count as month_evaluated_count,
    month.failed_count as month_failed_count,
    coalesce(seen.false_alarm_count, 0) as false_alarm_count,
    (100.0 * (seen.seen_count - seen.false_alarm_count) / seen.seen_count)::numeric(4, 1) as precision_percent,
    coalesce(standing.open_count, 0) as open_count,
    coalesce(standing.held_count, 0) as held_count
from latest
left join month using (rule_id)
left join seen using (rule_id)
left join standing using (rule_id);
select ops.describe('ops.check_report', 'One row per check: what its last pass said, and what stands open; key rule_id.',
    'rule_id', 'the check', 'suite', 'the suite that holds it', 'pass_id', 'its last pass', 'judged_count', 'rows of the pass', 'evaluated_count', 'of these, rows that it could judge',
    'failed_count', 'rows the scan marked', 'audited_failed_count', 'rows Great Expectations counted', 'audit', 'equal, different, or not_audited', 'month_evaluated_count', 'rows it judged in 30 days',
    'month_failed_count', 'rows it marked in 30 days', 'false_alarm_count', 'anomalies of 30 days that a person called a false alarm', 'precision_percent', 'share of the anomalies of 30 days that nobody called a false alarm; null without any', 'open_count', 'anomalies open now', 'held_count', 'holds active now');
