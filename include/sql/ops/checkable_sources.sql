-- One row per shop and pass that judged orders of it: what is wrong with the source and not with an order; key shop_id, _checked_pass_id.
-- A pass with too few orders of the shop is judged together with the small ones before it.
-- An order is counted at its first line, and at no line when it has none; a bundle is a line, its parts are none.
create view ops.checkable_sources as
with judged as (
    select o.shop_id, o._checked_pass_id, count(*) as order_count
    from core.orders as o
    where o.lifecycle = 'live' and o.order_kind = 'sale'
    group by o.shop_id, o._checked_pass_id
),

recent as (
    select j.*, together.pass_id as counted_pass_id
    from judged as j
    left join core.check_settings as s on s.shop_id = j.shop_id
    cross join lateral unnest(j._checked_pass_id || case when j.order_count < s.breaker_minimum_orders
        then ops.small_passes(j.shop_id, j._checked_pass_id, s.breaker_minimum_orders) end) as together (pass_id)
),

counted as (
    select
        r.shop_id,
        r._checked_pass_id,
        min(r.order_count) as order_count,
        count(*) filter (where coalesce(l.line_no, 1) = 1) as recent_count,
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
    from recent as r
    -- Looked up by pass and by order: passes differ too much in size for the planner to know which is small.
    cross join lateral (
        select order_id, payment_state, paid_fen, placed_at, status, unreadable_fields
        from core.orders
        where shop_id = r.shop_id and _checked_pass_id = r.counted_pass_id and lifecycle = 'live' and order_kind = 'sale'
        offset 0
    ) as o
    left join lateral (
        select order_id, line_no, sku_id, quantity, paid_fen, unreadable_fields
        from core.order_lines where order_id = o.order_id and kind <> 'bundle_part' offset 0
    ) as l on true
    left join core.check_settings as s on s.shop_id = r.shop_id
    left join core.usual_prices as u
        on u.shop_id = r.shop_id and u.sku_id = l.sku_id and u.line_count >= s.price_history_lines
    group by r.shop_id, r._checked_pass_id
)

select
    c.shop_id, c._checked_pass_id, c.order_count, c.recent_count, s.high_volume_orders, c.priced_lines,
    s.breaker_null_percent, s.breaker_swap_percent,
    -- A file may have no column for payment or time; a platform always tells them.
    (100 * greatest(
        c.without_lines, c.without_quantity,
        case when shops.is_pulled then greatest(c.without_payment, c.without_time) end
    ) / greatest(c.recent_count, 1))::integer as missing_percent,
    (100 * c.unreadable / greatest(c.recent_count, 1))::integer as unreadable_percent,
    (100 * c.swapped_lines / nullif(c.priced_lines, 0))::integer as swapped_percent,
    c.recent_count >= s.breaker_minimum_orders as is_rate_evaluable,
    c.priced_lines >= s.breaker_minimum_orders as is_price_evaluable
from counted as c
left join core.shops on shops.shop_id = c.shop_id
left join core.check_settings as s on s.shop_id = c.shop_id;
select ops.describe('ops.checkable_sources', 'One row per shop and pass: what is wrong with the source and not with an order; key shop_id, _checked_pass_id.',
    'shop_id', 'the shop', '_checked_pass_id', 'the pass', 'order_count', 'orders of the shop that the pass judged', 'recent_count', 'these and, when they are few, those of the small passes before', 'high_volume_orders', 'more than this raises an alert',
    'priced_lines', 'lines of the recent orders with a usual price', 'breaker_null_percent', 'from here on the source stops', 'breaker_swap_percent', 'from here on the source stops',
    'missing_percent', 'share of recent orders without lines, payment, time or quantity, the worst of the four', 'unreadable_percent', 'share of recent orders with an unknown state or a text that could not be converted',
    'swapped_percent', 'share of priced lines 50 to 200 times too dear or too cheap: fen taken for yuan', 'is_rate_evaluable', 'enough orders', 'is_price_evaluable', 'enough lines with a usual price');
