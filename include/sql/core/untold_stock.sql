-- One row per listing of a shop whose stock there is not what it should be; key sku_id, item_id, platform_sku_id,
-- merchant_code. Listings are known from sales of the last 90 days, by :names of the call that tells them; one shows the
-- goods that its code means now, not what it sold before or a person once sent instead. Figures that fall come
-- first: they oversell; what was not taken before goes behind what was not told yet.
with sold as (
    select
        coalesce(l.platform_item_id, '') as item_id,
        coalesce(l.platform_sku_id, '') as platform_sku_id,
        coalesce(l.merchant_code, '') as merchant_code,
        case when not starts_with(coalesce(l.sku_mapping_id, ''), 'correction:') then l.sku_id end as sku_id,
        max(o.placed_at) as placed_at
    from core.orders as o
    inner join core.order_lines as l on o.order_id = l.order_id and l.kind in ('goods', 'bundle')
    where o.shop_id = :shop_id and o.order_kind = 'sale' and o.placed_at > cast(:now as timestamptz) - interval '90 days'
    group by 1, 2, 3, 4
),

mapped as (
    select
        s.item_id, s.platform_sku_id, s.merchant_code, s.placed_at,
        coalesce(n.sku_id, s.sku_id) as sku_id,
        case when 'item_id' = any(cast(:names as text[])) then s.item_id end as by_item,
        case when 'sku_id' = any(cast(:names as text[])) then s.platform_sku_id end as by_sku,
        case when 'merchant_code' = any(cast(:names as text[])) then s.merchant_code end as by_code
    from sold as s
    left join lateral (
        select m.sku_id
        from core.sku_mappings as m
        cross join upper(btrim(normalize(s.merchant_code, nfkc))) as code
        where m.shop_id in (:shop_id, '*') and m.platform_sku in (code, upper(btrim(normalize(s.platform_sku_id, nfkc))))
        order by m.platform_sku = code desc, m.shop_id = '*'
        limit 1
    ) as n on true
),

listings as (
    select distinct on (by_item, by_sku, by_code) sku_id, item_id, platform_sku_id, merchant_code
    from mapped
    where sku_id is not null
    order by by_item, by_sku, by_code, placed_at desc, sku_id, item_id, platform_sku_id, merchant_code
)

select s.sku_id, l.item_id, l.platform_sku_id, l.merchant_code, s.change_no, s.sellable_qty
from core.sellable as s
inner join listings as l on s.sku_id = l.sku_id
where s.shop_id = :shop_id and s.told_qty is distinct from s.sellable_qty
    and (s.retry_at is null or s.retry_at <= :now)
order by s.retry_at nulls first, coalesce(s.sellable_qty >= s.told_qty, true), s.sku_id, l.item_id, l.platform_sku_id, l.merchant_code
