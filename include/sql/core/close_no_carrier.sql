-- Ends the holds no_carrier whose document has a carrier now, or is cancelled, or belongs to an order that changed,
-- and all of them where no carriers are configured any more; key anomaly_id.
with over as (
    update core.anomalies as a
    set state = 'closed', closed_at = :now
    from core.fulfillment_orders as f
    inner join core.orders as o on f.order_id = o.order_id
    where a.rule_id = 'no_carrier' and a.state = 'open' and a.subject_type = 'fulfillment_order'
        and a.subject_id = f.fulfillment_order_id
        and (not :is_chosen or f.carrier_id is not null or f.state <> 'allocated' or a.version_id <> o.version_id)
    returning a.anomaly_id
)

update core.holds as h
set state = 'closed', ended_at = :now, ended_by = 'fulfill', end_reason = 'a carrier was found, or the document ended'
from over
where h.anomaly_id = over.anomaly_id and h.state = 'active'
