-- Lines of goods whose SKU the goods master now calls a bundle or a service, unless a manifest has them or a
-- person said which SKU it is: mapped again.
with waiting as (
    delete from core.order_lines as l
    using core.orders as o, core.skus as s
    where l.order_id = o.order_id and o.order_kind = 'sale'
        and l.sku_id = s.sku_id
        and l.kind = 'goods'
        and not starts_with(coalesce(l.sku_mapping_id, ''), 'correction:')
        and s.kind in ('bundle', 'service')
        and o.gate <> 'stop'
        and l.gate <> 'stop'
        and not exists (
            select from core.manifest_lines as m
            where m.order_id = l.order_id and m.line_id = l.line_id and not m.is_void
        )
    returning
        l.order_id, o.shop_id, l.line_no, l.line_id, l.platform_item_id, l.platform_sku_id, l.merchant_code, l.title,
        l.kind, l.quantity, l.unit_price_fen, l.discount_fen, l.paid_fen, l.subsidy_fen, l.platform_status, l.refund_state,
        l.gate, l.gate_reason, l.repeat_no, l.unreadable_fields
)

insert into incoming_lines
select * from waiting
