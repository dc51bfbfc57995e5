-- One row per order line; key order_id, line_id. Whether pieces missing from it may be sent again: whatever its platform
-- says of what left, its after-sales, people and the order's own end decide.
create view core.resend_gates as
select
    l.order_id,
    l.line_id,
    case
        when o.gate = 'stop' and o.status not in ('shipped', 'done') then 'stop'
        when coalesce(p.refund_state, l.refund_state) = 'refunded' or f.gate = 'stop' then 'stop'
        when exists (
            select from core.withholdings as w
            where w.order_id = l.order_id and coalesce(w.line_id, l.line_id) in (l.line_id, l.parent_line_id)
        ) then 'stop'
        when o.gate = 'wait' or coalesce(p.refund_state, l.refund_state) <> 'none' or f.gate = 'wait' then 'wait'
        when exists (
            select from core.holds as h
            where h.order_id = l.order_id and h.state = 'active'
                and (h.subject_type = 'order' or h.line_id in (l.line_id, l.parent_line_id))
        ) then 'wait'
        else 'ship'
    end as gate
from core.order_lines as l
inner join core.orders as o on l.order_id = o.order_id
left join core.order_lines as p on l.order_id = p.order_id and l.parent_line_id = p.line_id
left join core.line_refunds as f on l.order_id = f.order_id and l.line_id = f.line_id;

select ops.describe('core.resend_gates', '少发的件数能不能再发 / one row per order line: whether pieces missing from it may be sent again; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', 'gate', 'ship, wait (an after-sale or a hold is open) or stop (refunded, closed or taken out by a person)');
grant select on core.resend_gates to orderhub_analyst;
