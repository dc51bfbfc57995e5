-- One row per warehouse that left the configuration, or lost its WMS there, with something open; key warehouse_id.
-- Documents that went out in files are looked for as long as people may stop them, returns for as long as they are asked for.
with open_there as (
    select d.warehouse_id, count(*) as documents, 0 as returns
    from core.delivery_orders as d
    where d.state in ('pending', 'accepted') and d.warehouse_id <> all(cast(:told as text[]))
    group by d.warehouse_id
    union all
    select m.warehouse_id, count(distinct f.fulfillment_order_id), 0
    from core.manifests as m
    inner join core.manifest_lines as l on m.manifest_id = l.manifest_id and not l.is_void
    inner join core.fulfillment_orders as f
        on l.fulfillment_order_id = f.fulfillment_order_id and f.state = 'manifested' and not f.is_shadow
    where m.warehouse_id <> all(cast(:houses as text[])) and m.closed_at > :forgotten_before
        and not exists (select from core.delivery_orders as d where d.fulfillment_order_id = f.fulfillment_order_id)
    group by m.warehouse_id
    union all
    select t.warehouse_id, 0, count(*)
    from core.returns as t
    where t.warehouse_id <> all(cast(:houses as text[])) and t.state <> 'received' and t.announced_at > :returned_since
    group by t.warehouse_id
)

select warehouse_id, sum(documents)::bigint as documents, sum(returns)::bigint as returns
from open_there
group by warehouse_id
order by warehouse_id
