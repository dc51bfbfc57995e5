-- Closes open anomalies of the orders this pass judged whose evidence is gone; key anomaly_id.
-- What is wrong with a fulfillment order is not for the checks of orders to say.
update core.anomalies
set state = 'closed', closed_at = :now, _pass_id = :pass_id
from core.orders
where orders.order_id = anomalies.order_id
    and orders._checked_pass_id = :pass_id
    and anomalies.state = 'open'
    and anomalies.subject_type <> 'fulfillment_order'
    and not exists (select from failed_checks where failed_checks.anomaly_id = anomalies.anomaly_id)
