-- Makes core.sellable what `fresh_sellable` says; key shop_id, sku_id. One row per shop with what changed of it,
-- or of which something is to be told again.
-- A SKU that is not shared with a shop any more is offered there no longer: nothing of it, once told, then forgotten.
with fresh as (
    select shop_id, sku_id, sellable_qty, atp_qty, percent, floor_qty from fresh_sellable
    union all
    select s.shop_id, s.sku_id, 0, 0, 0, 0
    from core.sellable as s
    where not exists (select from fresh_sellable as f where f.shop_id = s.shop_id and f.sku_id = s.sku_id)
),

written as (
    insert into core.sellable as present (
        shop_id, sku_id, sellable_qty, atp_qty, percent, floor_qty, change_no, changed_at
    )
    select shop_id, sku_id, sellable_qty, atp_qty, percent, floor_qty, 1, :now
    from fresh
    order by shop_id, sku_id
    on conflict (shop_id, sku_id) do update set
        sellable_qty = excluded.sellable_qty, atp_qty = excluded.atp_qty, percent = excluded.percent,
        floor_qty = excluded.floor_qty,
        change_no = present.change_no + (present.sellable_qty <> excluded.sellable_qty)::integer,
        changed_at = case when present.sellable_qty <> excluded.sellable_qty then :now else present.changed_at end,
        retry_at = case when present.sellable_qty = excluded.sellable_qty then present.retry_at end
    where (present.sellable_qty, present.atp_qty, present.percent, present.floor_qty)
        <> (excluded.sellable_qty, excluded.atp_qty, excluded.percent, excluded.floor_qty)
    returning shop_id, changed_at
)

select shop_id, sum(skus)::bigint as skus
from (
    select shop_id, 1 as skus from written where changed_at = :now
    union all
    select distinct shop_id, 0 from core.sellable where retry_at <= :now and told_qty is distinct from sellable_qty
) as due
group by shop_id
order by shop_id
