-- One row per listing of a shop whose stock there is not what it should be; key sku_id, platform_item_id, platform_sku_id.
-- Listings are known from orders of the last 90 days; pieces are divided among the listings of one SKU.
with listings as (
    select distinct
        l.sku_id,
        coalesce(l.platform_item_id, '') as item_id,
        coalesce(l.platform_sku_id, '') as platform_sku_id,
        coalesce(l.merchant_code, '') as merchant_code
    from core.orders as o
    inner join core.order_lines as l on o.order_id = l.order_id and l.kind in ('goods', 'bundle')
    where o.shop_id = :shop_id and o.placed_at > cast(:now as timestamptz) - interval '90 days'
        and l.platform_sku_id is not null
),

counted as (
    select
        *,
        count(*) over (partition by sku_id) as listings,
        row_number() over (partition by sku_id order by item_id, platform_sku_id, merchant_code) as place
    from listings
)

select
    s.sku_id,
    c.item_id,
    c.platform_sku_id,
    c.merchant_code,
    s.change_no,
    s.sellable_qty,
    s.sellable_qty / c.listings + (c.place <= s.sellable_qty % c.listings)::integer as quantity
from core.sellable as s
inner join counted as c on s.sku_id = c.sku_id
where s.shop_id = :shop_id and s.told_qty is distinct from s.sellable_qty
order by s.sku_id, c.place
