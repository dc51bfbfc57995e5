-- Fills core.order_lines from incoming_lines, which are exactly the lines of the winning versions; key order_id, line_id.
-- A bundle becomes its own row and one per part in the same scan: sold_goods has the bundle itself as part 0.
insert into core.order_lines (
    order_id, line_id, parent_line_id, line_no, platform_item_id, platform_sku_id, merchant_code, sku_id,
    sku_mapping_id, title, kind, quantity, unit_price_fen, discount_fen, paid_fen, subsidy_fen, platform_status, refund_state,
    gate, gate_reason, repeat_no, unreadable_fields
)
select
    m.order_id,
    case when g.part_no > 0 then m.line_id || '~p' || g.part_no else m.line_id end,
    case when g.part_no > 0 then m.line_id end,
    m.line_no,
    case when g.part_no > 0 then null else m.platform_item_id end,
    case when g.part_no > 0 then null else m.platform_sku_id end,
    case when g.part_no > 0 then null else m.merchant_code end,
    coalesce(g.part_sku_id, g.sku_id),
    g.mapping_id,
    case when g.part_no > 0 then g.sku_name else m.title end,
    case
        when g.part_no > 0 then 'bundle_part'
        when g.part_no = 0 then 'bundle'
        when m.kind = 'goods' and g.sku_kind = 'service' then 'service'
        when m.kind = 'goods' and g.sku_kind = 'gift' and coalesce(m.paid_fen, m.unit_price_fen) = 0 then 'gift'
        else m.kind
    end,
    m.quantity * coalesce(g.part_quantity, 1),
    case when g.part_no > 0 then g.list_price_fen else m.unit_price_fen end,
    case when g.part_no > 0 then null else m.discount_fen end,
    case
        when g.part_no is null or g.part_no = 0 then m.paid_fen
        when g.earlier_weights is null then floor(m.paid_fen::numeric * g.weight / g.total_weight)::bigint
        else m.paid_fen - (
            select coalesce(sum(floor(m.paid_fen::numeric * earlier.weight / g.total_weight)), 0)::bigint
            from unnest(g.earlier_weights) as earlier (weight)
        )
    end,
    case when g.part_no > 0 then null else m.subsidy_fen end,
    m.platform_status,
    m.refund_state,
    m.gate,
    m.gate_reason,
    m.repeat_no,
    m.unreadable_fields
from incoming_lines as m
join sold_goods as g
    on m.shop_id = g.shop_id
    and coalesce(m.merchant_code, '') = g.merchant_code
    and coalesce(m.platform_sku_id, '') = g.platform_sku_id
