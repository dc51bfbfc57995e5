-- One row per replacement that its after-sale lets go or stops now; key order_id. Withdrawing and calling back do the
-- rest, as for every order that its platform stops. What has left stays as it is.
with judged as (
    select
        p.order_id,
        case
            when r.state = 'unknown' then 'wait'
            when r.state = 'open' and r.kind in ('exchange', 'resend') and r.replacement is distinct from 'dropped' then 'ship'
            else 'stop'
        end as gate,
        '售后 ' || r.platform_refund_id || ' ' || coalesce(r.platform_status, r.state) as reason
    from core.replacements as p
    inner join core.refunds as r on p.refund_id = r.refund_id
    where not exists (select from core.shipments as x where x.order_id = p.order_id)
)

update core.orders as o
set gate = j.gate, gate_reason = case when j.gate <> 'ship' then j.reason end,
    status = case when j.gate = 'stop' then 'closed' else 'to_ship' end, modified_at = :now
from judged as j
where o.order_id = j.order_id and o.gate <> j.gate
