-- One row per failed check and subject of this pass, with the id its anomaly has; key rule_id, subject_id. What moves
-- though nothing of the order changed, as a usual price, is shown and names no other anomaly.
create temporary table failed_checks on commit drop as
with named as (
    select
        failures.rule_id,
        rules.severity,
        rules.action,
        rules.kind,
        case when failures.line_id is null then 'order' else 'order_line' end as subject_type,
        concat_ws('#', failures.order_id, failures.line_id) as subject_id,
        failures.order_id,
        failures.line_id,
        failures.evidence,
        failures.evidence - string_to_array(rules.moving, ',') as named_by
    from failures
    join unnest(cast(:rule_ids as text[]), cast(:severities as text[]), cast(:actions as text[]), cast(:kinds as text[]), cast(:moving as text[]))
        as rules (rule_id, severity, action, kind, moving) using (rule_id)
)
select distinct on (rule_id, subject_id)
    encode(sha256(convert_to(concat_ws('|', rule_id, subject_id, named_by::text), 'UTF8')), 'hex') as anomaly_id,
    rule_id,
    severity,
    action,
    kind,
    subject_type,
    subject_id,
    order_id,
    line_id,
    evidence
from named
order by rule_id, subject_id, evidence
