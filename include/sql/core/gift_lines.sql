-- Writes the gifts that the orders of this pass have a place for and still earn; key order_id, line_id = ~gift:rule.
-- What a manifest has stays, whatever was refunded since: it left.
insert into core.order_lines (
    order_id, line_id, parent_line_id, gift_rule_id, line_no, sku_id, title, kind, quantity, unit_price_fen, paid_fen,
    refund_state, gate, gate_reason
)
select
    g.order_id,
    '~gift:' || g.rule_id,
    v.parent_line_id,
    g.rule_id,
    (select coalesce(max(l.line_no), 0) from core.order_lines as l where l.order_id = g.order_id)
    + row_number() over (partition by g.order_id order by g.rule_id),
    g.gift_sku_id,
    s.name,
    'gift',
    g.quantity,
    0,
    0,
    'none',
    coalesce(v.gate, 'ship'),
    v.gate_reason
from core.gift_grants as g
inner join gift_orders as t on g.order_id = t.order_id
left join gift_verdicts as v on g.rule_id = v.rule_id and g.order_id = v.order_id
left join core.skus as s on g.gift_sku_id = s.sku_id
where v.order_id is not null
    or exists (
        select from core.manifest_lines as m
        where m.order_id = g.order_id and m.line_id = '~gift:' || g.rule_id and not m.is_void
    )
