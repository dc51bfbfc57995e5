-- One row per buyer of a shop that the platform names by a stable id; key shop_id, customer_id. A nick names nobody.
create view core.customers as
select
    shop_id,
    customer_id,
    min(platform) as platform,
    min(placed_at) as first_placed_at,
    max(placed_at) as last_placed_at,
    (array_agg(order_id order by placed_at, order_id))[1] as first_order_id,
    (array_agg(order_id order by placed_at desc, order_id desc))[1] as last_order_id,
    count(*) as order_count
from core.orders
where customer_id is not null and order_kind = 'sale'
group by shop_id, customer_id;

select ops.describe('core.customers', '每店每个买家一行,按平台的稳定编号 / one row per buyer of a shop, by the platform''s stable id; key shop_id, customer_id.',
    'shop_id', 'our id of the shop', 'customer_id', 'the platform''s stable open id; a platform that gives none has no rows here', 'platform', 'platform name',
    'first_placed_at', 'UTC', 'last_placed_at', 'UTC', 'first_order_id', 'the first order', 'last_order_id', 'the latest order', 'order_count', 'orders, whatever became of them; replacements are none');
grant select on core.customers to orderhub_analyst;
