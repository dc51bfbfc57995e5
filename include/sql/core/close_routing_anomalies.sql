-- Closes what routing raised about orders that it does not hold any more; key anomaly_id.
update core.anomalies as a
set state = 'closed', closed_at = :now, _pass_id = :pass_id
from decisions as d
where a.order_id = d.order_id
    and a.raised_by = 'routing'
    and a.state = 'open'
    and (a.rule_id, a.evidence ->> 'routing_rule', a.version_id) is distinct from (d.hold_rule_id, d.rule_id, d.version_id)
