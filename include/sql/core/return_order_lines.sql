-- One row per SKU that a return announces, with what Qimen wants to know of it; key sku_id.
select
    t.return_id,
    t.return_order_code,
    t.state,
    t.fulfillment_order_id,
    coalesce(d.delivery_order_code, t.fulfillment_order_id) as delivery_order_code,
    f.kind,
    f.reason,
    o.shop_id,
    o.buyer_label,
    v.token,
    v.province,
    v.city,
    v.district,
    v.town,
    v.name_masked,
    v.phone_masked,
    v.address_masked,
    p.key as sku_id,
    p.value::bigint as quantity
from core.returns as t
cross join lateral jsonb_each_text(t.planned) as p
inner join core.orders as o on t.order_id = o.order_id
left join core.refunds as f on t.refund_id = f.refund_id
left join core.delivery_orders as d on t.fulfillment_order_id = d.fulfillment_order_id
left join core.receivers as v on t.order_id = v.order_id
where t.return_order_code = :code
order by p.key
