-- One row per order that a check may hold: live, not stopped by its platform, not waiting for payment; key order_id.
-- Every text that says what is wrong is null when nothing is. No `now()`: a verdict can be repeated later.
create view ops.checkable_orders as
select
    orders.order_id,
    orders._checked_pass_id,
    orders.shop_id,
    orders.platform_status,
    orders.status,
    orders.currency,
    shops.currency as shop_currency,
    orders.paid_fen,
    lines.paid_fen as lines_paid_fen,
    orders.freight_fen,
    orders.paid_fen - lines.paid_fen - coalesce(orders.freight_fen, 0) as amount_difference_fen,
    orders.customer_id,
    receivers.province,
    receivers.city,
    receivers.district,
    case
        when receivers.province is null then 'province'
        when receivers.city is null and receivers.district is null then 'city'
    end as missing_region_part,
    receivers.address_verdict,
    receivers.phone_verdict,
    case
        when orders.paid_at < orders.placed_at - interval '1 minute' then 'paid_before_placed'
        when orders.placed_at > orders._seen_at + interval '10 minutes' then 'placed_in_future'
        when orders.paid_at > orders._seen_at + interval '10 minutes' then 'paid_in_future'
    end as time_contradiction,
    orders.placed_at,
    orders.paid_at,
    nullif(concat_ws(E'\n', orders.buyer_message, orders.seller_memo), '') as message_text,
    nullif(array_to_string(orders.unreadable_fields, ', '), '') as unreadable_fields,
    nullif(array_to_string(orders.disagreeing_fields, ', '), '') as disagreeing_fields,
    lines.goods_key,
    shops.is_pulled and shops.is_buyer_named as is_customer_expected,
    shops.address_source <> 'none' and lines.parcel_count > 0 as is_address_evaluable,
    orders.payment_state = 'paid' and lines.goods_count > 0 as is_payment_expected,
    orders.payment_state = 'paid' and lines.unpriced_count = 0
        and (orders.freight_fen is not null or orders.paid_fen < lines.paid_fen) as is_amount_evaluable
from core.orders
join core.shops using (shop_id)
left join core.receivers using (order_id)
cross join lateral (
    select
        (sum(line.paid_fen) filter (where line.kind <> 'bundle_part'))::bigint as paid_fen,
        count(*) filter (where line.kind <> 'service') as parcel_count,
        count(*) filter (where line.kind in ('goods', 'bundle')) as goods_count,
        count(*) filter (where line.paid_fen is null and line.kind not in ('gift', 'bundle_part')) as unpriced_count,
        string_agg(
            coalesce(line.sku_id, line.merchant_code, line.platform_sku_id, '?') || '*' || coalesce(line.quantity, 0),
            ', ' order by line.sku_id, line.merchant_code, line.platform_sku_id, line.quantity
        ) filter (where line.kind in ('goods', 'bundle')) as goods_key
    from core.order_lines as line
    where line.order_id = orders.order_id
) as lines
where orders.lifecycle = 'live' and orders.gate <> 'stop'
    and orders.payment_state not in ('unpaid', 'deposit_paid')
    and not exists (
        select from core.withholdings as w where w.order_id = orders.order_id and w.line_id is null
    );
select ops.describe('ops.checkable_orders', 'One row per order that a check may hold: live, not stopped, not waiting for payment; key order_id.',
    'order_id', 'the order', '_checked_pass_id', 'pass that last checked it', 'shop_id', 'the shop', 'platform_status', 'as the platform says', 'status', 'our status',
    'currency', 'of the order', 'shop_currency', 'of the shop', 'paid_fen', 'paid, fen', 'lines_paid_fen', 'sum over the lines, fen', 'freight_fen', 'fen',
    'amount_difference_fen', 'paid − lines − freight', 'customer_id', 'open id of the buyer', 'province', 'of the receiver', 'city', 'of the receiver', 'district', 'of the receiver',
    'missing_region_part', 'province or city when it is missing', 'address_verdict', 'null not evaluable; ok; else what is vague', 'phone_verdict', 'null not evaluable; ok; else what is wrong',
    'time_contradiction', 'which times contradict each other', 'placed_at', 'UTC', 'paid_at', 'UTC', 'message_text', 'buyer''s message and seller''s memo; never copied into evidence',
    'unreadable_fields', 'fields whose text could not be converted', 'disagreeing_fields', 'fields on which the rows of a file disagree', 'goods_key', 'SKUs and quantities, sorted',
    'is_customer_expected', 'the platform names buyers', 'is_address_evaluable', 'something is sent, and the shop has addresses', 'is_payment_expected', 'paid, and not only gifts or services',
    'is_amount_evaluable', 'paid, lines carry their share, freight known (or less was paid than the lines say)');
