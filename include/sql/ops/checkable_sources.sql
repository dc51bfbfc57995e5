-- One row per shop and pass that judged orders of it: what is wrong with the source and not with an order; key shop_id, _checked_pass_id.
-- An order is counted at its first line, and at no line when it has none; a bundle is a line, its parts are none.
create view ops.checkable_sources as
with counted as (
    select
        o.shop_id,
        o._checked_pass_id,
        count(*) filter (where coalesce(l.line_no, 1) = 1) as order_count,
        count(*) filter (where l.order_id is null) as without_lines,
        count(*) filter (where coalesce(l.line_no, 1) = 1 and o.payment_state = 'paid' and o.paid_fen is null) as without_payment,
        count(*) filter (where coalesce(l.line_no, 1) = 1 and o.placed_at is null) as without_time,
        count(*) filter (where l.line_no = 1 and l.quantity is null) as without_quantity,
        count(*) filter (
            where coalesce(l.line_no, 1) = 1
                and (o.status = 'unknown' or cardinality(o.unreadable_fields) > 0 or cardinality(l.unreadable_fields) > 0)
        ) as unreadable,
        count(*) filter (where u.unit_fen > 0 and l.paid_fen > 0) as priced_lines,
        count(*) filter (
            where l.paid_fen > 0 and (
                l.paid_fen between 50 * u.unit_fen::numeric * l.quantity and 200 * u.unit_fen::numeric * l.quantity
                or u.unit_fen::numeric * l.quantity between 50 * l.paid_fen and 200 * l.paid_fen
            )
        ) as swapped_lines
    from core.orders as o
    left join core.order_lines as l on l.order_id = o.order_id and l.kind <> 'bundle_part'
    left join core.check_settings as s on s.shop_id = o.shop_id
    left join core.usual_prices as u
        on u.shop_id = o.shop_id and u.sku_id = l.sku_id and u.line_count >= s.price_history_lines
    where o.lifecycle = 'live' and o.order_kind = 'sale'
    group by o.shop_id, o._checked_pass_id
)

select
    c.shop_id,
    c._checked_pass_id,
    c.order_count,
    s.high_volume_orders,
    c.priced_lines,
    s.breaker_null_percent,
    s.breaker_swap_percent,
    -- A file may have no column for payment or time; a platform always tells them.
    (100 * greatest(
        c.without_lines, c.without_quantity,
        case when shops.is_pulled then greatest(c.without_payment, c.without_time) end
    ) / greatest(c.order_count, 1))::integer as missing_percent,
    (100 * c.unreadable / greatest(c.order_count, 1))::integer as unreadable_percent,
    (100 * c.swapped_lines / nullif(c.priced_lines, 0))::integer as swapped_percent,
    c.order_count >= s.breaker_minimum_orders as is_rate_evaluable,
    c.priced_lines >= s.breaker_minimum_orders as is_price_evaluable
from counted as c
left join core.shops on shops.shop_id = c.shop_id
left join core.check_settings as s on s.shop_id = c.shop_id;
select ops.describe('ops.checkable_sources', 'One row per shop and pass: what is wrong with the source and not with an order; key shop_id, _checked_pass_id.',
    'shop_id', 'the shop', '_checked_pass_id', 'the pass', 'order_count', 'orders of the shop that the pass judged', 'high_volume_orders', 'more than this raises an alert',
    'priced_lines', 'lines with a usual price', 'breaker_null_percent', 'from here on the source stops', 'breaker_swap_percent', 'from here on the source stops',
    'missing_percent', 'share of orders without lines, payment, time or quantity, the worst of the four', 'unreadable_percent', 'share of orders with an unknown state or a text that could not be converted',
    'swapped_percent', 'share of priced lines 50 to 200 times too dear or too cheap: fen taken for yuan', 'is_rate_evaluable', 'enough orders', 'is_price_evaluable', 'enough lines with a usual price');
