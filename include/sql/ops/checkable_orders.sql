-- One row per order that a check may hold: a live sale, not waiting for payment, not stopped by its platform; key order_id.
-- What is called shipped because we told of a part still has a rest to ship. Every text that says what is wrong
-- is null when nothing is. No `now()`: a verdict can be repeated later.
create view ops.checkable_orders as
select
    orders.order_id,
    orders._checked_pass_id, orders.shop_id, orders.platform,
    orders.platform_status, orders.status, lines.line_count, orders.currency, shops.currency as shop_currency,
    orders.paid_fen,
    lines.paid_fen as lines_paid_fen,
    orders.freight_fen, orders.total_fen, coalesce(orders.paid_fen, 0) as due_at_door_fen,
    orders.paid_fen - lines.paid_fen - coalesce(orders.freight_fen, 0) as amount_difference_fen,
    settings.order_total_cap_fen,
    orders.customer_id,
    receivers.phone_hash, receivers.address_hash,
    receivers.province, receivers.city, receivers.district,
    case
        when receivers.province is null then 'province'
        when receivers.city is null and receivers.district is null then 'city'
    end as missing_region_part,
    case when receivers.receiver_state = 'clear' and receivers.name_masked is null then 'name' end as missing_receiver_part,
    case when receivers.district is null and not ops.is_without_districts(receivers.city) then receivers.city end as city_without_district,
    case when ops.is_far(receivers.province) and receivers.province <> all (settings.reachable) then receivers.province end as unreachable_province,
    receivers.address_verdict, receivers.phone_verdict,
    ops.time_contradiction(orders.placed_at, orders.paid_at, orders.modified_at, orders._seen_at) as time_contradiction,
    orders.placed_at, orders.paid_at, bought.bought_at,
    left(encode(sha256(convert_to(said.message, 'UTF8')), 'hex'), 8) as message_digest,
    case when said.message ~ settings.memo_hold or orders.seller_flag = any (settings.hold_flags)
        then ops.matched_words(said.message, settings.memo_hold, orders.seller_flag, settings.hold_flags) end as memo_words,
    case when said.message ~ settings.memo_invoice then ops.matched_words(said.message, settings.memo_invoice, null, null) end as invoice_words,
    case when said.message ~ settings.memo_no_ship or orders.seller_flag = any (settings.no_ship_flags)
        then ops.matched_words(said.message, settings.memo_no_ship, orders.seller_flag, settings.no_ship_flags) end as no_ship_words,
    case when orders.gate = 'wait' and orders.gate_reason ~ '风控|暂停发货|禁止发货' then orders.gate_reason end as platform_risk,
    nullif(array_to_string(orders.unreadable_fields, ', '), '') as unreadable_fields,
    nullif(array_to_string(orders.disagreeing_fields, ', '), '') as disagreeing_fields,
    coalesce(case when orders.shop_id in (select shop_id from core.promotions) then (
        select min(p.duplicate_minutes) from ops.promotions_at(orders.shop_id, bought.bought_at, orders.promotion_mark) as p
    ) end, settings.duplicate_minutes) as duplicate_minutes,
    shops.is_pulled and shops.is_buyer_named as is_customer_expected,
    shops.is_pulled and orders.payment_state = 'paid' as is_platform_paid,
    shops.address_source <> 'none' and lines.parcel_count > 0 as is_address_evaluable,
    lines.goods_count > 0 and orders.payment_state = 'paid' as is_payment_expected,
    lines.goods_count > 0 and orders.payment_state = 'cod_accepted' as is_due_at_door,
    ops.is_amount_told(orders.payment_state, orders.paid_fen) and ops.is_amount_told(orders.payment_state, lines.paid_fen)
        and lines.unpriced_count = 0 and (orders.freight_fen is not null or orders.paid_fen < lines.paid_fen) as is_amount_evaluable
from core.orders
join core.shops using (shop_id)
left join core.check_settings as settings using (shop_id)
left join core.receivers using (order_id)
cross join lateral (select ops.bought_at(orders.payment_state, orders.paid_at, orders.placed_at) as bought_at) as bought
cross join lateral (select nullif(concat_ws(E'\n', orders.buyer_message, orders.seller_memo), '') as message) as said
-- By the key, order by order: a set of all lines was joined row by row while the tables' statistics were those of an empty hub.
cross join lateral (
    select
        count(*) as line_count,
        (sum(line.paid_fen) filter (where line.kind <> 'bundle_part'))::bigint as paid_fen,
        count(*) filter (where line.kind <> 'service') as parcel_count,
        count(*) filter (where line.kind in ('goods', 'bundle')) as goods_count,
        count(*) filter (where line.paid_fen is null and line.kind not in ('gift', 'bundle_part')) as unpriced_count
    from core.order_lines as line
    where line.order_id = orders.order_id
) as lines
where orders.order_kind = 'sale' and orders.lifecycle = 'live'
    and (orders.gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = orders.order_id))
    and orders.payment_state not in ('unpaid', 'deposit_paid')
    and not exists (select from core.withholdings as w where w.order_id = orders.order_id and w.line_id is null);
select ops.describe('ops.checkable_orders', 'One row per order that a check may hold: live, not stopped, not waiting for payment; key order_id.',
    'order_id', 'the order', '_checked_pass_id', 'pass that last checked it', 'shop_id', 'the shop', 'platform', 'platform name', 'platform_status', 'as the platform says', 'status', 'our status', 'line_count', 'lines, whatever they are',
    'currency', 'of the order', 'shop_currency', 'of the shop', 'paid_fen', 'paid, fen', 'lines_paid_fen', 'sum over the lines, fen', 'freight_fen', 'fen', 'total_fen', 'as the platform reckons it, fen', 'due_at_door_fen', 'what its courier would collect: the order''s amount, 0 where none is told', 'amount_difference_fen', 'paid − lines − freight',
    'order_total_cap_fen', 'more than this is looked at', 'customer_id', 'open id of the buyer', 'phone_hash', 'keyed hash; null where masked', 'address_hash', 'keyed hash; null where masked',
    'province', 'of the receiver', 'city', 'of the receiver', 'district', 'of the receiver', 'missing_region_part', 'province or city when it is missing',
    'missing_receiver_part', 'name when a receiver in plain text has none; null where masked, or only a token',
    'city_without_district', 'the city when a district is missing that it has', 'unreachable_province', 'the province or country when no carrier goes there', 'address_verdict', 'null not evaluable; ok; else what is vague', 'phone_verdict', 'null not evaluable; ok; else what is wrong',
    'time_contradiction', 'which times contradict each other', 'placed_at', 'UTC', 'paid_at', 'UTC', 'bought_at', 'UTC: paid, or placed where it is paid at the door', 'message_digest', 'changes with what buyer and seller wrote',
    'memo_words', 'words and flag that ask for a person', 'invoice_words', 'words that ask for an invoice', 'no_ship_words', 'words and flag that say brushing or sample', 'platform_risk', 'why the platform says wait',
    'unreadable_fields', 'fields whose text could not be converted', 'disagreeing_fields', 'fields on which the rows of a file disagree', 'duplicate_minutes', 'window of suspected duplicates',
    'is_customer_expected', 'the platform names buyers', 'is_platform_paid', 'a platform, not a file, says that it is paid',
    'is_address_evaluable', 'something is sent, and the shop has addresses', 'is_payment_expected', 'paid, and not only gifts or services', 'is_due_at_door', 'paid at the door, and not only gifts or services',
    'is_amount_evaluable', 'paid, or told what is owed at the door; lines carry their share, freight known (or less was paid than the lines say)');
