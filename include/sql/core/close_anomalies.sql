-- Closes open anomalies of the orders this pass judged whose evidence is gone; key anomaly_id.
-- What is wrong with a fulfillment order is not for the checks of orders to say. What others than the checks raised
-- stands until the order has another version, or a check says the same.
update core.anomalies
set state = 'closed', closed_at = :now, _pass_id = :pass_id
from core.orders
where orders.order_id = anomalies.order_id
    and orders._checked_pass_id = :pass_id
    and anomalies.state = 'open'
    and anomalies.subject_type <> 'fulfillment_order'
    and (anomalies.rule_id = any (:rule_ids)) = :are_these
    and not exists (select from failed_checks where failed_checks.anomaly_id = anomalies.anomaly_id)
    and (
        anomalies.raised_by = 'checks'
        or anomalies.version_id <> orders.version_id
        or exists (
            select from failed_checks as f where f.rule_id = anomalies.rule_id and f.subject_id = anomalies.subject_id
        )
    )
