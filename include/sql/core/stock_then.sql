-- One row per warehouse and SKU: pieces that could be promised at :since; what came in later has the Beijing day it came on.
with earlier as (
    select warehouse_id, sku_id, sum(quantity) as pieces
    from core.reservations
    where reserved_at < :since and (resolved_at is null or resolved_at >= :since)
    group by warehouse_id, sku_id
)

select null::date as came_on, l.warehouse_id, l.sku_id, (sum(l.delta) - coalesce(max(e.pieces), 0))::bigint as pieces
from core.stock_ledger as l
left join earlier as e on l.warehouse_id = e.warehouse_id and l.sku_id = e.sku_id
where l.recorded_at < :since
group by l.warehouse_id, l.sku_id
union all
select (recorded_at at time zone 'Asia/Shanghai')::date, warehouse_id, sku_id, sum(delta)::bigint
from core.stock_ledger
where recorded_at >= :since and recorded_at < :until and reason <> 'shipped'
group by 1, 2, 3
order by 1 nulls first, 2, 3
