-- Ends the questions about replacements that were answered, asked anew (:orders) or are not sent any more; key anomaly_id.
with over as (
    update core.anomalies as a
    set state = 'closed', closed_at = :now
    from core.replacements as p
    inner join core.orders as o on p.order_id = o.order_id
    where a.rule_id = 'which_goods' and a.state = 'open' and a.order_id = p.order_id
        and (p.goods <> 'asked' or p.order_id = any(:orders) or o.gate = 'stop')
    returning a.anomaly_id
)

update core.holds as h
set state = 'closed', ended_at = :now, ended_by = :actor, end_reason = :why
from over
where h.anomaly_id = over.anomaly_id and h.state = 'active'
