-- Lines whose code the merchant's files now map to another SKU, or whose SKU the goods master now calls goods, a bundle or
-- a service when it was none, unless a manifest has them or a person said which SKU it is: mapped again. A code that no
-- row maps any more keeps its SKU. The codes are looked up, not the lines, as in sold_goods; one row per line.
with lines as (
    select
        l.order_id, l.line_id, o.shop_id, l.merchant_code, l.platform_sku_id, l.sku_id, l.kind
    from core.orders as o
    inner join core.order_lines as l on o.order_id = l.order_id
    where o.order_kind = 'sale'
        and (o.gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
        and l.gate <> 'stop'
        and l.sku_id is not null
        and l.kind <> 'bundle_part'
        and l.gift_rule_id is null
        and not starts_with(coalesce(l.sku_mapping_id, ''), 'correction:')
),

codes as (
    select
        *,
        upper(btrim(normalize(merchant_code, nfkc))) as code,
        upper(btrim(normalize(platform_sku_id, nfkc))) as platform_sku
    from (select distinct shop_id, merchant_code, platform_sku_id, sku_id, kind from lines) as sold
),

-- Few, and mostly none: known before the lines are asked, or each line would ask for its code.
other as materialized (
    select c.*
    from codes as c
    left join core.skus as s on c.sku_id = s.sku_id
    left join lateral (
        select m.sku_id
        from core.sku_mappings as m
        where m.shop_id in (c.shop_id, '*') and m.platform_sku in (c.code, c.platform_sku)
        order by m.platform_sku = c.code desc, m.shop_id = '*'
        limit 1
    ) as now on true
    where now.sku_id <> c.sku_id
        or (s.kind = 'bundle' and c.kind <> 'bundle')
        or (s.kind = 'service' and c.kind = 'goods')
        or (s.kind in ('goods', 'gift') and c.kind in ('bundle', 'service'))
),

waiting as (
    delete from core.order_lines as w
    using lines as l, other as c
    where w.order_id = l.order_id
        and (w.line_id = l.line_id or (w.parent_line_id = l.line_id and w.kind = 'bundle_part'))
        and (l.shop_id, l.sku_id, l.kind) = (c.shop_id, c.sku_id, c.kind)
        and l.merchant_code is not distinct from c.merchant_code
        and l.platform_sku_id is not distinct from c.platform_sku_id
        and not exists (
            select from core.manifest_lines as m
            where m.order_id = l.order_id and not m.is_void
                and (m.line_id = l.line_id or starts_with(m.line_id, l.line_id || '~p'))
        )
    returning
        w.order_id, l.shop_id, w.line_no, w.line_id, w.platform_item_id, w.platform_sku_id, w.merchant_code, w.title,
        w.kind, w.quantity, w.unit_price_fen, w.discount_fen, w.paid_fen, w.subsidy_fen, w.platform_status, w.refund_state,
        w.gate, w.gate_reason, w.repeat_no, w.unreadable_fields
)

insert into incoming_lines
select
    order_id, shop_id, line_no, line_id, platform_item_id, platform_sku_id, merchant_code, title,
    case when kind = 'gift' then 'gift' else 'goods' end,
    quantity, unit_price_fen, discount_fen, paid_fen, subsidy_fen, platform_status, refund_state,
    gate, gate_reason, repeat_no, unreadable_fields
from waiting
where kind <> 'bundle_part'
