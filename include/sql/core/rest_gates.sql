-- One row per line of a resend of missing pieces that the line it is the rest of lets go or stops now; key order_id,
-- line_id. Withdrawing and calling back do the rest, as for every line that is stopped. What has left stays as it is.
update core.order_lines as n
set gate = g.gate, gate_reason = case when g.gate <> 'ship' then 'rest of ' || p.rest_of end
from core.replacements as p
inner join core.resend_gates as g on p.rest_of = g.order_id
where p.order_id = n.order_id and n.line_id = g.line_id and n.gate <> g.gate
    and not exists (select from core.shipments as x where x.order_id = p.order_id)
