-- One row per code that incoming_lines sell, of a bundle one per part; key shop_id, merchant_code, platform_sku_id, part_no.
-- A mapping of the shop beats one for all shops (*); the merchant's code beats the platform's SKU. Looked up once per
-- code, however many lines sold it.
create temporary table sold_goods on commit drop as
with codes as (
    select distinct shop_id, coalesce(merchant_code, '') as merchant_code, coalesce(platform_sku_id, '') as platform_sku_id
    from incoming_lines
),

keyed as (
    select
        codes.*,
        upper(btrim(normalize(merchant_code, nfkc))) as code,
        upper(btrim(normalize(platform_sku_id, nfkc))) as platform_sku
    from codes
),

goods as (
    select
        k.shop_id,
        k.merchant_code,
        k.platform_sku_id,
        coalesce(code_here.sku_id, code_all.sku_id, sku_here.sku_id, sku_all.sku_id) as sku_id,
        coalesce(code_here.mapping_id, code_all.mapping_id, sku_here.mapping_id, sku_all.mapping_id) as mapping_id
    from keyed as k
    left join core.sku_mappings as code_here
        on k.shop_id = code_here.shop_id and k.code = code_here.platform_sku
    left join core.sku_mappings as code_all
        on code_all.shop_id = '*' and k.code = code_all.platform_sku
    left join core.sku_mappings as sku_here
        on k.shop_id = sku_here.shop_id and k.platform_sku = sku_here.platform_sku
    left join core.sku_mappings as sku_all
        on sku_all.shop_id = '*' and k.platform_sku = sku_all.platform_sku
)

select
    g.shop_id,
    g.merchant_code,
    g.platform_sku_id,
    g.sku_id,
    g.mapping_id,
    p.part_no,
    p.part_sku_id,
    p.quantity as part_quantity,
    p.list_price_fen,
    p.weight,
    p.total_weight,
    p.earlier_weights,
    s.name as sku_name,
    s.kind as sku_kind
from goods as g
left join core.bundle_parts as p on g.sku_id = p.bundle_sku_id
left join core.skus as s on s.sku_id = coalesce(p.part_sku_id, g.sku_id)
