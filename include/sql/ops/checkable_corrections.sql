-- One row per checkable order that a person corrected; key order_id. Personal values are masked.
create view ops.checkable_corrections as
select
    orders.order_id,
    orders._checked_pass_id,
    orders.shop_id,
    string_agg(concat(c.field, ' ' || c.line_id), ', ' order by c.field, c.line_id)
        filter (where c.has_changed) as contradicted_fields,
    string_agg(c.platform_shown || case when c.is_other_goods then ' × ' || (c.platform_value ->> 'goods') else '' end, '; ' order by c.field, c.line_id)
        filter (where c.has_changed) as platform_says,
    string_agg(c.value_shown, '; ' order by c.field, c.line_id)
        filter (where c.has_changed) as correction_says
from (
    select *, is_other_goods or platform_value ->> 'said' is distinct from base_value ->> 'said' as has_changed
    from core.corrections
    cross join lateral (
        select coalesce(base_value ->> 'goods' <> platform_value ->> 'goods', false) as is_other_goods
    ) as goods
) as c
join core.orders using (order_id)
where c.state = 'active' and c.is_applied
    and orders.lifecycle = 'live'
    and (orders.gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = orders.order_id))
    and not exists (
        select from core.withholdings as w where w.order_id = orders.order_id and w.line_id is null
    )
group by orders.order_id;
select ops.describe('ops.checkable_corrections', 'One row per checkable order that a person corrected; key order_id.',
    'order_id', 'the order', '_checked_pass_id', 'pass that last checked it', 'shop_id', 'the shop',
    'contradicted_fields', 'corrected fields that the platform has changed since; null when none', 'platform_says', 'what the platform says of them now, masked',
    'correction_says', 'what stands instead, masked');
