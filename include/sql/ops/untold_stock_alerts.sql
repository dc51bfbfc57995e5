-- One row per shop with figures of stock that its platform has not taken: how many, and one of them; key shop_id.
select
    shop_id,
    count(*) || ', ' || min(sku_id || ' ' || means || ' ' || coalesce(answer, '-')) as detail
from core.sellable
where shop_id = any(:shops) and means is not null
    and (means in ('unknown_listing', 'by_hand') or changed_at < :before)
    and (means in ('unknown_listing', 'by_hand') or told_qty is distinct from sellable_qty)
group by shop_id
order by shop_id
