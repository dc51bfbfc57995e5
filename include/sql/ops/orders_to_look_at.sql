-- One row per order that is due at `warehouses` and was not read again since :since; key order_id. Longest unseen first.
select o.shop_id, o.platform_order_id as record_id
from (
    select distinct r.order_id
    from core.fulfillment_orders as f
    inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    where f.state = 'allocated' and not f.is_shadow and f.warehouse_id = any(cast(:warehouses as text[]))
) as d
inner join core.orders as o on d.order_id = o.order_id and o.order_kind = 'sale'
left join ops.last_looks as k on d.order_id = k.order_id
where o.shop_id = any(cast(:shops as text[]))
    and (k.order_id is null or not k.is_reread or k.looked_at < :since)
order by greatest(o._seen_at, k.seen_at), o.order_id
limit :most
