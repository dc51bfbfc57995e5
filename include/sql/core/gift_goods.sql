-- One row per line of goods that an order of this pass still has; key order_id, line_id. What was refunded as a whole
-- counts for nothing: neither for the amount nor as the line that earns a gift. A table of its own, so that it can be
-- analyzed: the planner knows nothing yet of the lines that this pass wrote.
create temporary table gift_goods on commit drop as
select
    l.order_id,
    l.line_id,
    l.line_no,
    l.sku_id,
    l.paid_fen,
    l.gate,
    l.gate_reason
from gift_orders as t
inner join core.order_lines as l on t.order_id = l.order_id and l.kind in ('goods', 'bundle')
left join core.line_refunds as r on l.order_id = r.order_id and l.line_id = r.line_id
where l.refund_state <> 'refunded' and r.gate is distinct from 'stop'
