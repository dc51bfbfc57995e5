-- Lines that waited for a mapping and now have one: they are mapped again as if they had just arrived. One row per line.
-- Few wait: the order of each is looked up by its key (offset 0).
with waiting as (
    delete from core.order_lines as l
    where l.sku_id is null
        and exists (
            select from core.orders as o
            join core.sku_mappings as m on m.shop_id in (o.shop_id, '*') and m.platform_sku in (
                upper(btrim(normalize(l.merchant_code, nfkc))), upper(btrim(normalize(l.platform_sku_id, nfkc))))
            where o.order_id = l.order_id and o.order_kind = 'sale'
            offset 0
        )
    returning
        l.order_id, (select o.shop_id from core.orders as o where o.order_id = l.order_id), l.line_no, l.line_id, l.platform_item_id, l.platform_sku_id, l.merchant_code, l.title,
        l.kind, l.quantity, l.unit_price_fen, l.discount_fen, l.paid_fen, l.subsidy_fen, l.platform_status, l.refund_state,
        l.gate, l.gate_reason, l.repeat_no, l.unreadable_fields
)

insert into incoming_lines
select * from waiting
