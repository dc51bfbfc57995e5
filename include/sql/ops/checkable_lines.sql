-- One row per line that still may ship, of a checkable order; key order_id, line_id.
create view ops.checkable_lines as
select
    orders.order_id,
    line.line_id,
    orders._checked_pass_id,
    orders.shop_id,
    line.line_no,
    line.platform_item_id,
    line.platform_sku_id,
    line.merchant_code,
    line.sku_id,
    nullif(trim(line.title), '') as title,
    line.kind,
    case
        when line.refund_state in ('pending', 'unknown') then line.refund_state
        when orders.order_id in (select order_id from core.refunds where state = 'open' and platform_line_id is null)
            or (orders.order_id, line.line_id) in (select order_id, platform_line_id from core.refunds where state = 'open') then 'pending'
        when orders.order_id in (select order_id from core.refunds where state = 'unknown' and platform_line_id is null)
            or (orders.order_id, line.line_id) in (select order_id, platform_line_id from core.refunds where state = 'unknown') then 'unknown'
    end as pending_refund,
    -- A state that platform.yaml does not list lets the line wait, for ever. Of an order in an unknown state that one is told.
    case when orders.status <> 'unknown' and line.gate = 'wait' and line.gate_reason = concat(line.platform_status, ' 未知') then line.platform_status end as unknown_status,
    refund.refunded_part,
    case when line.gate = 'wait' then (
        select hand.shipped_part from core.hand_shipped_lines as hand where hand.order_id = orders.order_id and hand.line_id = line.line_id and not hand.is_settled
    ) end as shipped_part,
    line.quantity, settings.quantity_cap,
    line.unit_price_fen, line.discount_fen,
    line.paid_fen,
    line.subsidy_fen,
    price.unit_fen as paid_unit_fen,
    price.usual_fen as usual_unit_fen,
    sku.cost_fen * settings.cost_floor_percent / 100 as floor_unit_fen,
    case
        when price.unit_fen * 100 > price.usual_fen * price.band_percent then 'too_dear'
        when price.unit_fen * price.band_percent < price.usual_fen * 100 then 'too_cheap'
    end as price_deviation,
    line.repeat_no,
    nullif(array_to_string(line.unreadable_fields, ', '), '') as unreadable_fields,
    line.kind not in ('service', 'bundle') as is_sent,
    line.kind in ('goods', 'bundle') as is_goods,
    line.kind = 'goods' and price.usual_fen > 0 and price.unit_fen is not null as is_price_evaluable,
    coalesce(line.kind in ('goods', 'bundle') and sku.kind <> 'gift' and sku.cost_fen > 0 and price.unit_fen is not null
        and settings.cost_floor_percent > 0 and not (promotion.has_some and exists (
            select from ops.promotions_at(orders.shop_id, bought.bought_at, orders.promotion_mark) as p where p.is_floor_waived)), false) as is_floor_evaluable
from core.orders
join core.order_lines as line using (order_id)
left join core.check_settings as settings using (shop_id)
left join core.usual_prices as usual
    on usual.shop_id = orders.shop_id and usual.sku_id = line.sku_id and usual.line_count >= settings.price_history_lines
left join core.line_refunds as refund on refund.order_id = orders.order_id and refund.line_id = line.line_id
left join core.skus as sku on sku.sku_id = line.sku_id
cross join lateral (select ops.bought_at(orders.payment_state, orders.paid_at, orders.placed_at) as bought_at) as bought
-- Most shops have no promotions, and asked for each line the few that there are cost as much as all the rest.
cross join lateral (select orders.shop_id in (select shop_id from core.promotions) as has_some) as promotion
cross join lateral (
    select
        case when ops.is_amount_told(orders.payment_state, line.paid_fen) and line.quantity > 0
            then (line.paid_fen + coalesce(line.subsidy_fen, 0)) / line.quantity end as unit_fen,
        coalesce(usual.unit_fen, sku.list_price_fen) as usual_fen,
        coalesce(case when promotion.has_some then (
            select max(p.price_band_percent) from ops.promotions_at(orders.shop_id, bought.bought_at, orders.promotion_mark) as p
        ) end, settings.price_band_percent) as band_percent
) as price
where orders.order_kind = 'sale' and orders.lifecycle = 'live'
    and (orders.gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = orders.order_id))
    and orders.payment_state not in ('unpaid', 'deposit_paid')
    and line.gate <> 'stop'
    and not exists (
        select from core.withholdings as w
        where w.order_id = orders.order_id and (w.line_id is null or w.line_id = line.line_id)
    );
select ops.describe('ops.checkable_lines', 'One row per line that still may ship, of a checkable order; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', '_checked_pass_id', 'pass that last checked the order', 'shop_id', 'the shop', 'line_no', 'position, from 1',
    'platform_item_id', 'the platform''s item', 'platform_sku_id', 'the platform''s SKU', 'merchant_code', 'the merchant''s code on the platform', 'sku_id', 'our SKU; null while unmapped',
    'title', 'as shown to the buyer', 'kind', 'goods, bundle, bundle_part, gift or service', 'pending_refund', 'pending or unknown while a refund of it is open', 'unknown_status', 'its status when we do not know it', 'refunded_part', 'refunds of a part of it: id, pieces, yuan', 'shipped_part', 'pieces that left without us, of how many; null when none, or when a person said what is left', 'quantity', 'pieces', 'quantity_cap', 'more than this is looked at',
    'unit_price_fen', 'fen', 'discount_fen', 'fen', 'paid_fen', 'share of what was paid, fen', 'subsidy_fen', 'what the platform adds, fen', 'paid_unit_fen', 'paid, or owed at the door, for one piece by buyer and platform, fen', 'usual_unit_fen', 'what a piece usually costs, fen; its list price without enough history',
    'floor_unit_fen', 'the least for one piece: its share of the cost, fen; null without a cost', 'price_deviation', 'too_dear or too_cheap against the usual price', 'repeat_no', 'n-th identical row of its order in a file', 'unreadable_fields', 'fields whose text could not be converted',
    'is_sent', 'a parcel carries it: no service, and of a bundle its parts', 'is_goods', 'sold, not given; of a bundle the bundle, not its parts', 'is_price_evaluable', 'sold, paid or told what is owed at the door, with a usual price known', 'is_floor_evaluable', 'sold, paid or told what is owed at the door, its cost known, neither a gift nor sold while prices under cost are meant');
