-- Opens the anomalies of this pass, or opens them again when the same evidence came back; key anomaly_id.
insert into core.anomalies as known (
    anomaly_id, rule_id, severity, action, kind, subject_type, subject_id, order_id, line_id, version_id, evidence,
    checks_version, state, first_seen_at, _pass_id
)
select
    failed_checks.anomaly_id, failed_checks.rule_id, failed_checks.severity, failed_checks.action, failed_checks.kind,
    failed_checks.subject_type, failed_checks.subject_id, failed_checks.order_id, failed_checks.line_id,
    orders.version_id, failed_checks.evidence, :checks_version, 'open', :now, :pass_id
from failed_checks
-- By the key of each: few orders of a pass are wrong.
cross join lateral (select version_id from core.orders where order_id = failed_checks.order_id offset 0) as orders
on conflict (anomaly_id) do update set
    severity = excluded.severity,
    action = excluded.action,
    kind = excluded.kind,
    version_id = excluded.version_id,
    checks_version = excluded.checks_version,
    state = 'open',
    closed_at = null,
    _pass_id = case when known.state = 'closed' then excluded._pass_id else known._pass_id end
where (known.state, known.severity, known.action, known.kind, known.version_id, known.checks_version)
    is distinct from ('open', excluded.severity, excluded.action, excluded.kind, excluded.version_id, excluded.checks_version)
