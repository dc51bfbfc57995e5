-- One row per document that needs a carrier, in order of urgency; key order_id, fulfillment_order_id.
-- What no rule looks at is left out, and weight and amount are the last point at which an answer could change: more
-- documents share one answer. A memo counts when it names a carrier. Lists are joined by U+001F. What is compared stands
-- first in the rows that are sorted: columns behind a text are found by walking to them.
select
    order_id, fulfillment_order_id, warehouse_id, weight_g, is_shadow, sent_from, province, city, platform, shop_id, weight, paid,
    tags, required, services, buyer_message, seller_memo, is_cod, is_due_today
from (
    select
        o.ship_by_at,
        o.paid_at,
        u.order_id,
        u.fulfillment_order_id,
        u.warehouse_id,
        u.weight_g,
        u.is_shadow,
        case when :with_warehouse then u.warehouse_id else '' end as sent_from,
        r.province,
        case when :with_city then r.city end as city,
        case when :with_platform or o.required_carriers <> '{}' then o.platform else '' end as platform,
        case when :with_shop then o.shop_id else '' end as shop_id,
        case
            when u.weight_g < :heaviest
                then coalesce((cast(:weights as bigint[]))[width_bucket(u.weight_g, cast(:weights as bigint[]))], 0)
            else u.weight_g
        end as weight,
        coalesce((cast(:amounts as bigint[]))[width_bucket(coalesce(o.paid_fen, 0), cast(:amounts as bigint[]))], 0) as paid,
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
) as urgent
