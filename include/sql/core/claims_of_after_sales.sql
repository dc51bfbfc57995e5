-- Fills replacement_claims from exchanges and resends that are due; key order_id, line_id. An exchange is due when a
-- warehouse has all of its goods back, or the platform waits for the seller to send; a resend when the platform does.
-- What never left is not sent again: it still leaves by its own order.
insert into replacement_claims
with asked as (
    select
        r.refund_id, r.platform_refund_id, r.shop_id, r.order_id as of_order_id, r.kind, r.quantity, r.platform_line_id,
        r.platform_sku_id, r.wanted_sku, r.reason,
        exists(select from core.order_lines as x where x.order_id = r.order_id and x.line_id = r.platform_line_id) as is_by_line,
        exists(select from core.order_lines as x where x.order_id = r.order_id and x.platform_sku_id = r.platform_sku_id) as is_by_sku
    from core.refunds as r
    inner join core.orders as o on r.order_id = o.order_id and o.order_kind = 'sale' and o.lifecycle = 'live'
    where r.kind in ('exchange', 'resend') and r.state = 'open' and r.shop_id = any(:shops)
        and r.replacement is distinct from 'dropped'
        and (
            r.replacement = 'sends'
            or (r.kind = 'exchange' and r.replacement = 'agreed' and r.shop_id = any(:unreturned))
            or (
                r.kind = 'exchange'
                and exists (select from core.returns as t where t.refund_id = r.refund_id)
                and not exists (select from core.returns as t where t.refund_id = r.refund_id and t.state <> 'received')
            )
        )
        and not exists (select from core.withholdings as w where w.order_id = r.order_id and w.line_id is null)
        and (
            o.status in ('part_shipped', 'shipped', 'done')
            or exists (select from core.shipment_lines as s where s.order_id = r.order_id)
        )
),

-- Gifts of the hub are given for a sale; what a line names takes its own parts along.
matched as (
    select
        a.*, l.line_id, l.parent_line_id, l.line_no, l.kind as line_kind, l.platform_item_id, l.platform_sku_id as sku_of_line,
        l.merchant_code, l.sku_id, l.title, l.unit_price_fen, l.quantity as pieces, coalesce(p.quantity, l.quantity) as sold,
        count(*) filter (where p.line_id is null) over (partition by a.refund_id) as sold_lines,
        w.sku_id as wanted_sku_id, w.name as wanted_name
    from asked as a
    inner join core.order_lines as l
        on a.of_order_id = l.order_id and l.gift_rule_id is null and l.kind in ('goods', 'gift', 'bundle', 'bundle_part')
    left join core.order_lines as p on l.order_id = p.order_id and l.parent_line_id = p.line_id
    left join lateral (
        select m.sku_id, s.name
        from core.sku_mappings as m
        left join core.skus as s on m.sku_id = s.sku_id
        where m.shop_id in (a.shop_id, '*') and m.platform_sku = upper(btrim(normalize(a.wanted_sku, nfkc)))
            and coalesce(s.kind, 'goods') not in ('bundle', 'service')
        order by m.shop_id = '*' limit 1
    ) as w on true
    where case
        when a.is_by_line then coalesce(p.line_id, l.line_id) = a.platform_line_id
        when a.is_by_sku then coalesce(p.platform_sku_id, l.platform_sku_id) = a.platform_sku_id
        else coalesce(p.kind, l.kind) in ('goods', 'bundle')
    end
),

judged as (
    select
        *,
        case
            when sold_lines > 1 then 'asked'
            when kind = 'resend' then 'same'
            when wanted_sku_id is not null then 'named'
            when wanted_sku is null and shop_id = any(:same) then 'same'
            else 'asked'
        end as goods
    from matched
)

select
    shop_id || '/' || n.number, n.number, of_order_id, refund_id, kind, null, coalesce(reason, ''), goods, line_id,
    case when goods <> 'named' then parent_line_id end, line_no, case when goods = 'named' then 'goods' else line_kind end,
    platform_item_id, case when goods = 'named' then wanted_sku else sku_of_line end, merchant_code,
    case when goods = 'named' then wanted_sku_id else sku_id end,
    case when goods = 'named' then coalesce(wanted_name, wanted_sku_id) else title end,
    case when sold_lines > 1 then pieces else coalesce(least(pieces, ceil(pieces * quantity::numeric / nullif(sold, 0))), pieces) end,
    case when goods <> 'named' then unit_price_fen end
from judged
cross join lateral (select case kind when 'exchange' then 'HH' else 'BF' end || platform_refund_id as number) as n
where goods <> 'named' or parent_line_id is null
