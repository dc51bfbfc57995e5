-- One row per rule that held something in this pass in a shop that is not in shadow mode; key rule_id.
-- `held_count` repeats the number of distinct orders over all rules.
with held as (
    select holds.rule_id, holds.order_id
    from core.holds
    join core.orders using (order_id)
    join core.shops using (shop_id)
    where holds.state = 'active'
        and holds.placed_at = :now
        and orders._checked_pass_id = :pass_id
        and not shops.is_shadow
)
select
    rule_id,
    count(distinct order_id) as order_count,
    (array_agg(distinct order_id order by order_id))[1:20] as examples,
    (select count(distinct order_id) from held) as held_count
from held
group by rule_id
order by order_count desc, rule_id
