-- One row per document that needs a carrier, in order of urgency; key order_id, fulfillment_order_id.
-- What no rule looks at is left out, so that more documents share one answer. A memo counts when it
-- names a carrier. Lists are joined by U+001F.
select
    u.order_id,
    u.fulfillment_order_id,
    u.is_shadow,
    u.warehouse_id,
    r.province,
    r.city,
    o.platform,
    o.shop_id,
    u.weight_g,
    case when :with_amount then coalesce(o.paid_fen, 0) else 0 end as paid_fen,
    coalesce(array_to_string(u.tags, e'\x1f'), '') as tags,
    array_to_string(o.required_carriers, e'\x1f') as required,
    array_to_string(o.service_tags, e'\x1f') as services,
    case when o.buyer_message ~* :names then o.buyer_message end as buyer_message,
    case when o.seller_memo ~* :names then o.seller_memo end as seller_memo,
    o.payment_state = 'cod_accepted' as is_cod,
    coalesce(o.ship_by_at < :tomorrow, false) as is_due_today
from uncarried as u
inner join core.orders as o on u.order_id = o.order_id
left join core.receivers as r on u.order_id = r.order_id
order by o.ship_by_at nulls last, o.paid_at nulls last, u.order_id, u.fulfillment_order_id
