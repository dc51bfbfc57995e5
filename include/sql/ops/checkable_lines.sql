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
    line.refund_state,
    line.quantity,
    line.unit_price_fen,
    line.discount_fen,
    line.paid_fen,
    line.repeat_no,
    nullif(array_to_string(line.unreadable_fields, ', '), '') as unreadable_fields,
    line.kind not in ('service', 'bundle') as is_sent,
    line.kind in ('goods', 'bundle') as is_goods
from core.orders
join core.order_lines as line using (order_id)
where orders.lifecycle = 'live' and orders.gate <> 'stop'
    and orders.payment_state not in ('unpaid', 'deposit_paid')
    and line.gate <> 'stop'
    and not exists (
        select from core.withholdings as w
        where w.order_id = orders.order_id and (w.line_id is null or w.line_id = line.line_id)
    );
select ops.describe('ops.checkable_lines', 'One row per line that still may ship, of a checkable order; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', '_checked_pass_id', 'pass that last checked the order', 'shop_id', 'the shop', 'line_no', 'position, from 1',
    'platform_item_id', 'the platform''s item', 'platform_sku_id', 'the platform''s SKU', 'merchant_code', 'the merchant''s code on the platform', 'sku_id', 'our SKU; null while unmapped',
    'title', 'as shown to the buyer', 'kind', 'goods, bundle, bundle_part, gift or service', 'refund_state', 'none, pending, refunded, unknown', 'quantity', 'pieces', 'unit_price_fen', 'fen', 'discount_fen', 'fen',
    'paid_fen', 'share of what was paid, fen', 'repeat_no', 'n-th identical row of its order in a file', 'unreadable_fields', 'fields whose text could not be converted',
    'is_sent', 'a parcel carries it: no service, and of a bundle its parts', 'is_goods', 'sold, not given; of a bundle the bundle, not its parts');
