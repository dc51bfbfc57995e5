-- A gift that an order was promised stands on the terms of that day, whatever becomes of its row in gifts.csv.
alter table core.gift_grants
    add column sku_id text collate "C",
    add column min_amount_fen bigint;
update core.gift_grants as g
set sku_id = r.sku_id, min_amount_fen = r.min_amount_fen
from core.gift_rules as r
where g.rule_id = r.rule_id;
select ops.describe('core.gift_grants', '谁得到过哪条赠品规则,按当时的条件;名额记住不变 / one row per order that a rule once gave to, on the terms of that day: a place among the first N stays its own; key rule_id, order_id.',
    'sku_id', 'it goes with this SKU of the order; null for any', 'min_amount_fen', 'it goes when the goods that are not refunded were paid with less; null for any amount');

-- What a pass judged of one shop: a shop that comes in small passes is judged over several of them.
drop index core.orders_by_checked_pass;
create index orders_by_checked_pass on core.orders (_checked_pass_id, shop_id);
-- The passes before this one that are judged together with it, because each had too few orders of the shop to be judged
-- alone: back to the last that had enough, to the last word of a person who resumed the shop, or until there are enough.
create function ops.small_passes(shop text, pass bigint, minimum bigint) returns bigint[] language sql stable as $$
    with earlier as (
        select pass_id
        from ops.passes
        where kind = 'transform' and pass_id < pass
            and started_at > coalesce((select max(resumed_at) from ops.source_stops where shop_id = shop), '-infinity')
        order by pass_id desc
        limit 200
    ),
    counted as (
        select pass_id, (
            select count(*) from (
                select from core.orders as o
                where o._checked_pass_id = earlier.pass_id and o.shop_id = shop and o.lifecycle = 'live' and o.order_kind = 'sale'
                limit minimum
            ) as few
        ) as order_count
        from earlier
    ),
    summed as (
        select pass_id, order_count,
            sum(order_count) over (order by pass_id desc) as total_count,
            max(order_count) over (order by pass_id desc) as most_count
        from counted
    )
    select array_agg(pass_id) from summed
    where order_count > 0 and most_count < minimum and total_count - order_count < minimum
$$;
grant execute on function ops.small_passes(text, bigint, bigint) to orderhub_app;
