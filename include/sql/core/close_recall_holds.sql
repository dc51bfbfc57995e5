-- Ends the holds of documents that are called back no more: given back, gone, free to leave, or people said what the
-- warehouse said; key anomaly_id. What a WMS refused stays held until the document has ended: people call.
with over as (
    update core.anomalies as a
    set state = 'closed', closed_at = :now
    from core.fulfillment_orders as f
    left join core.hand_recalls as h on f.fulfillment_order_id = h.fulfillment_order_id
    left join core.delivery_orders as d on f.fulfillment_order_id = d.fulfillment_order_id
    where a.rule_id = 'recall_open' and a.state = 'open' and a.subject_id = f.fulfillment_order_id
        and (f.state in ('cancelled', 'shipped') or h.state in ('agreed', 'refused', 'over') or (d.state is not null and d.recall is null))
    returning a.anomaly_id
)

update core.holds as h
set state = 'closed', ended_at = :now, ended_by = 'recall', end_reason = 'the recall is over'
from over
where h.anomaly_id = over.anomaly_id and h.state = 'active'
