-- One row per order line that a refund speaks of; key order_id, line_id.
-- A refund that names no line, or none that the order has, speaks of every line. Parts that are all of a line, or of the
-- order, are the whole. What was refunded in part waits: what is left to ship is for a person to say, who releases the hold of the rule
-- partial_refund. That counts until another refund holds the line anew.
create view core.line_refunds as
with targeted as (
    select
        r.*,
        sum(r.refund_fen) filter (where r.state = 'refunded') over (partition by r.order_id) as of_order_fen,
        exists(select from core.order_lines as x where x.order_id = r.order_id and x.line_id = r.platform_line_id) as is_by_line,
        exists(select from core.order_lines as x where x.order_id = r.order_id and x.platform_sku_id = r.platform_sku_id) as is_by_sku
    from core.refunds as r
    where r.state <> 'withdrawn' and not (r.state = 'refunded' and r.kind = 'money')
),

-- A part of a bundle, and a gift that a line earned, are judged by that line: the platform knows no other. A
-- quantity that a person corrected counts as the platform had it: the refund is of that.
judged as (
    select
        l.order_id, l.line_id,
        coalesce(p.line_id, l.line_id) as judged_line_id,
        coalesce(p.platform_sku_id, l.platform_sku_id) as platform_sku_id,
        coalesce((c.platform_value ->> 'said')::bigint, p.quantity, l.quantity) as quantity,
        coalesce(p.paid_fen, l.paid_fen) as paid_fen
    from (select distinct order_id from targeted) as t inner join core.order_lines as l on t.order_id = l.order_id
    left join core.order_lines as p on l.order_id = p.order_id and l.parent_line_id = p.line_id
    left join core.corrections as c
        on l.order_id = c.order_id and coalesce(p.line_id, l.line_id) = c.line_id and c.field = 'quantity'
            and c.state = 'active' and c.is_applied
),

matched as (
    select
        l.order_id, l.line_id, l.judged_line_id, l.quantity, l.paid_fen, t.state, t.refund_fen,
        case when t.is_by_line or t.is_by_sku then t.quantity end as pieces,
        case when (t.is_by_line or t.is_by_sku) and t.quantity is null then t.refund_fen end as money_fen,
        case
            when t.is_by_line or t.is_by_sku
                then coalesce(t.quantity >= l.quantity, true) and coalesce(t.refund_fen >= l.paid_fen, true)
            else coalesce(t.refund_fen >= o.goods_fen, true) or coalesce(t.of_order_fen >= o.goods_fen, false)
        end as is_whole,
        concat_ws(' ', t.refund_id, t.quantity || '件', to_char(t.refund_fen / 100.0, 'FM999999990.00')) as said
    from targeted as t
    inner join (select order_id, paid_fen - coalesce(freight_fen, 0) as goods_fen from core.orders) as o on t.order_id = o.order_id
    inner join judged as l on t.order_id = l.order_id
        and case
            when t.is_by_line then l.judged_line_id = t.platform_line_id
            when t.is_by_sku then l.platform_sku_id = t.platform_sku_id
            else true
        end
),

settled as (
    select order_id, line_id from core.holds where rule_id = 'partial_refund' and state in ('active', 'released')
    group by order_id, line_id having bool_and(state = 'released')
),

summed as (
    select
        order_id, line_id, judged_line_id, bool_or(state <> 'refunded') as is_open,
        bool_or(state = 'refunded' and is_whole)
        or coalesce(sum(money_fen) filter (where state = 'refunded') >= max(paid_fen), false)
        or coalesce(
            sum(pieces) filter (where state = 'refunded') >= max(quantity)
            and coalesce(sum(refund_fen) filter (where state = 'refunded' and pieces is not null) >= max(paid_fen), true), false
        ) as is_refunded,
        string_agg(said, '; ' order by said) filter (where state = 'refunded') as parts
    from matched
    group by order_id, line_id, judged_line_id
)

select m.order_id, m.line_id, case when m.is_refunded then 'stop' when m.is_open or s.line_id is null then 'wait' end as gate,
    case when not m.is_refunded then m.parts end as refunded_part
from summed as m
left join settled as s on m.order_id = s.order_id and m.judged_line_id = s.line_id;

select ops.describe('core.line_refunds', '售后涉及的订单行 / one row per order line that a refund speaks of; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', 'gate', 'stop when all of it was refunded; wait while a refund is open or covers a part; null when a person settled the part',
    'refunded_part', 'refunds of a part: id, pieces, yuan; null without one');
