-- One row per line of the replacements :orders, as replacement_claims has it; key order_id, line_id. A line keeps the id
-- of the one that it stands for, by which its platform knows it; a gift that is sent again
-- waits for no goods.
insert into core.order_lines (
    order_id, line_id, parent_line_id, line_no, platform_item_id, platform_sku_id, merchant_code, sku_id, title, kind,
    quantity, unit_price_fen, discount_fen, paid_fen, refund_state, gate
)
select
    c.order_id, c.line_id, c.parent_line_id, c.line_no, c.platform_item_id, c.platform_sku_id, c.merchant_code, c.sku_id,
    c.title, case c.line_kind when 'gift' then 'goods' else c.line_kind end, c.quantity, c.unit_price_fen, null, 0, 'none', 'ship'
from replacement_claims as c
where c.order_id = any(:orders)
