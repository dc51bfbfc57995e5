-- Fills core.order_changes: what this pass changed of orders that were known; key order_id, line_id, field, _pass_id.
-- What people wrote is told by a digest and its length, a receiver by mask and digest.
insert into core.order_changes (
    order_id, line_id, field, before_value, after_value, before_version, after_version, changed_at, _pass_id
)
with order_fields as (
    select b.order_id, '' as line_id, f.*, b.version_id as before_version, o.version_id as after_version
    from orders_before as b
    join core.orders as o using (order_id)
    cross join lateral (
        values
        ('status', b.status, o.status),
        ('payment_state', b.payment_state, o.payment_state),
        ('total', b.total_fen::text, o.total_fen::text),
        ('paid', b.paid_fen::text, o.paid_fen::text),
        ('freight', b.freight_fen::text, o.freight_fen::text),
        ('discount', b.discount_fen::text, o.discount_fen::text),
        ('ship_by', to_char(b.ship_by_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), to_char(o.ship_by_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')),
        ('promotion_mark', b.promotion_mark, o.promotion_mark),
        ('seller_flag', b.seller_flag, o.seller_flag),
        ('buyer_message', ops.digest(b.buyer_message), ops.digest(o.buyer_message)),
        ('seller_memo', ops.digest(b.seller_memo), ops.digest(o.seller_memo))
    ) as f (field, before_value, after_value)
),

lines_after as (
    select l.*
    from core.order_lines as l
    where l.order_id in (select order_id from orders_before)
),

line_fields as (
    select
        coalesce(b.order_id, l.order_id), coalesce(b.line_id, l.line_id), f.*,
        o.version_id as before_version, n.version_id as after_version
    from lines_before as b
    full join lines_after as l on b.order_id = l.order_id and b.line_id = l.line_id
    join orders_before as o on o.order_id = coalesce(b.order_id, l.order_id)
    join core.orders as n on n.order_id = o.order_id
    cross join lateral (
        values
        ('line', b.title, l.title),
        ('sku', concat_ws(' ', b.merchant_code, b.platform_sku_id), concat_ws(' ', l.merchant_code, l.platform_sku_id)),
        ('quantity', b.quantity::text, l.quantity::text),
        ('unit_price', b.unit_price_fen::text, l.unit_price_fen::text),
        ('paid', b.paid_fen::text, l.paid_fen::text),
        ('refund', b.refund_state, l.refund_state)
    ) as f (field, before_value, after_value)
),

receiver_fields as (
    select b.order_id, '', f.*, b.order_version_id as before_version, o.version_id as after_version
    from receivers_before as b
    join core.receivers as r using (order_id)
    join core.orders as o using (order_id)
    cross join lateral (
        values
        ('name', b.name_masked, r.name_masked),
        ('phone', concat(b.phone_masked, ' #' || left(b.phone_hash, 6)), concat(r.phone_masked, ' #' || left(r.phone_hash, 6))),
        ('address', concat(b.province, b.city, b.district, b.town, ' ', b.address_masked, ' #' || left(b.address_hash, 6)),
            concat(r.province, r.city, r.district, r.town, ' ', r.address_masked, ' #' || left(r.address_hash, 6)))
    ) as f (field, before_value, after_value)
)

select *, :now, :pass_id
from (
    select * from order_fields
    union all
    select * from line_fields
    union all
    select * from receiver_fields
) as fields
where before_value is distinct from after_value
