-- One row per listing of a shop whose stock there is not what it should be; key sku_id, item_id, platform_sku_id,
-- merchant_code. Listings are known from orders of the last 90 days. Figures that fall come first: they oversell;
-- what was not taken before goes behind what was not told yet.
with listings as (
    select distinct
        l.sku_id,
        coalesce(l.platform_item_id, '') as item_id,
        coalesce(l.platform_sku_id, '') as platform_sku_id,
        coalesce(l.merchant_code, '') as merchant_code
    from core.orders as o
    inner join core.order_lines as l on o.order_id = l.order_id and l.kind in ('goods', 'bundle')
    where o.shop_id = :shop_id and o.placed_at > cast(:now as timestamptz) - interval '90 days'
)

select s.sku_id, l.item_id, l.platform_sku_id, l.merchant_code, s.change_no, s.sellable_qty
from core.sellable as s
inner join listings as l on s.sku_id = l.sku_id
where s.shop_id = :shop_id and s.told_qty is distinct from s.sellable_qty
    and (s.retry_at is null or s.retry_at <= :now)
order by s.retry_at nulls first, coalesce(s.sellable_qty >= s.told_qty, true), s.sku_id, l.item_id, l.platform_sku_id, l.merchant_code
