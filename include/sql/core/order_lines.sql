-- Fills core.order_lines from incoming_lines, which are exactly the lines of the winning versions; key order_id, line_id.
-- A mapping of the shop beats one for all shops (*); the merchant's code beats the platform's SKU.
-- A bundle becomes its own row and one per part in the same scan: core.bundle_parts has the bundle itself as part 0.
insert into core.order_lines (
    order_id, line_id, parent_line_id, line_no, platform_item_id, platform_sku_id, merchant_code, sku_id,
    sku_mapping_id, title, kind, quantity, unit_price_fen, discount_fen, paid_fen, subsidy_fen, platform_status, refund_state,
    gate, gate_reason, repeat_no, unreadable_fields
)
with keyed as (
    select
        incoming_lines.*,
        upper(btrim(normalize(merchant_code, nfkc))) as code,
        upper(btrim(normalize(platform_sku_id, nfkc))) as platform_sku
    from incoming_lines
),

mapped as (
    select
        l.*,
        coalesce(code_here.sku_id, code_all.sku_id, sku_here.sku_id, sku_all.sku_id) as sku_id,
        coalesce(code_here.mapping_id, code_all.mapping_id, sku_here.mapping_id, sku_all.mapping_id) as mapping_id
    from keyed as l
    left join core.sku_mappings as code_here
        on l.shop_id = code_here.shop_id and l.code = code_here.platform_sku
    left join core.sku_mappings as code_all
        on code_all.shop_id = '*' and l.code = code_all.platform_sku
    left join core.sku_mappings as sku_here
        on l.shop_id = sku_here.shop_id and l.platform_sku = sku_here.platform_sku
    left join core.sku_mappings as sku_all
        on sku_all.shop_id = '*' and l.platform_sku = sku_all.platform_sku
)

select
    m.order_id,
    case when p.part_no > 0 then m.line_id || '~p' || p.part_no else m.line_id end,
    case when p.part_no > 0 then m.line_id end,
    m.line_no,
    case when p.part_no > 0 then null else m.platform_item_id end,
    case when p.part_no > 0 then null else m.platform_sku_id end,
    case when p.part_no > 0 then null else m.merchant_code end,
    coalesce(p.part_sku_id, m.sku_id),
    m.mapping_id,
    case when p.part_no > 0 then s.name else m.title end,
    case
        when p.part_no > 0 then 'bundle_part'
        when p.part_no = 0 then 'bundle'
        when m.kind = 'goods' and s.kind = 'service' then 'service'
        when m.kind = 'goods' and s.kind = 'gift' and coalesce(m.paid_fen, m.unit_price_fen) = 0 then 'gift'
        else m.kind
    end,
    m.quantity * coalesce(p.quantity, 1),
    case when p.part_no > 0 then p.list_price_fen else m.unit_price_fen end,
    case when p.part_no > 0 then null else m.discount_fen end,
    case
        when p.part_no is null or p.part_no = 0 then m.paid_fen
        when p.earlier_weights is null then floor(m.paid_fen::numeric * p.weight / p.total_weight)::bigint
        else m.paid_fen - (
            select coalesce(sum(floor(m.paid_fen::numeric * earlier.weight / p.total_weight)), 0)::bigint
            from unnest(p.earlier_weights) as earlier (weight)
        )
    end,
    case when p.part_no > 0 then null else m.subsidy_fen end,
    m.platform_status,
    m.refund_state,
    m.gate,
    m.gate_reason,
    m.repeat_no,
    m.unreadable_fields
from mapped as m
left join core.bundle_parts as p on m.sku_id = p.bundle_sku_id
left join core.skus as s on s.sku_id = coalesce(p.part_sku_id, m.sku_id)
