-- One row per change of on_hand; key warehouse_id, sku_id, reason, source_id. Differences between `counts` and stock.
insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at)
select
    c.warehouse_id,
    c.sku_id,
    c.on_hand - coalesce(s.on_hand, 0),
    case when s.sku_id is null then 'opening' else 'count' end,
    :source_id,
    :now
from counts as c
left join core.stock as s on c.warehouse_id = s.warehouse_id and c.sku_id = s.sku_id
where s.sku_id is null or (s.on_hand <> c.on_hand and s.reserved <= c.on_hand)
