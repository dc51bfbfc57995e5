-- Ends active holds of the orders this pass judged whose anomaly closed or no longer blocks; key hold_id.
update core.holds
set state = 'closed', ended_at = :now, ended_by = 'check', end_reason = 'the evidence is gone'
from core.anomalies
join core.orders using (order_id)
where anomalies.anomaly_id = holds.anomaly_id
    and orders._checked_pass_id = :pass_id
    and holds.state = 'active'
    and (anomalies.state = 'closed' or anomalies.action = 'warn')
