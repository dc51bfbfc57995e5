-- One row per document that needs a carrier; key order_id, fulfillment_order_id. Without a fulfillment_order_id it is a
-- decision of this pass; with one it was made before (`documents_to_carry`).
create temporary table uncarried on commit drop as
with lines as (
    select null::text as fulfillment_order_id, l.order_id, l.warehouse_id, l.is_shadow, l.sku_id, l.quantity
    from routed_lines as l
    union all
    select f.fulfillment_order_id, f.order_id, f.warehouse_id, f.is_shadow, r.sku_id, r.quantity
    from documents_to_carry as f
    inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
),

tagged as (
    select l.order_id, l.fulfillment_order_id, l.warehouse_id, array_agg(distinct t.tag order by t.tag) as tags
    from lines as l
    inner join core.skus as s on l.sku_id = s.sku_id and s.tags && cast(:tags as text[])
    cross join unnest(s.tags) as t (tag)
    where t.tag = any(:tags)
    group by l.order_id, l.fulfillment_order_id, l.warehouse_id
),

weighed as (
    select
        l.order_id, l.fulfillment_order_id, l.warehouse_id, l.is_shadow,
        sum(l.quantity * coalesce(s.weight_g, :weight_g)) as weight_g
    from lines as l
    left join core.skus as s on l.sku_id = s.sku_id
    group by l.order_id, l.fulfillment_order_id, l.warehouse_id, l.is_shadow
)

select
    w.order_id, w.fulfillment_order_id, w.warehouse_id, w.is_shadow, least(w.weight_g, 1000000000)::bigint as weight_g,
    t.tags
from weighed as w
left join tagged as t
    on w.order_id = t.order_id and w.warehouse_id = t.warehouse_id
    and w.fulfillment_order_id is not distinct from t.fulfillment_order_id
