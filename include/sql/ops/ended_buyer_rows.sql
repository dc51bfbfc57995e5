-- One row per row of doubtful orders of which this pass closed the last mark; key first_order_id.
select distinct a.evidence ->> 'first_order_id' as first_order_id
from core.anomalies as a
where a.rule_id = :rule_id and a.state = 'closed' and a._pass_id = :pass_id
    and not exists (
        select from core.anomalies as left_over
        where left_over.rule_id = :rule_id and left_over.state = 'open'
            and left_over.evidence ->> 'first_order_id' = a.evidence ->> 'first_order_id'
    )
