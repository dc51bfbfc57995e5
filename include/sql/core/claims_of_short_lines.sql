-- One row per line of which a warehouse sent less than it was told, with the pieces that are sent again; key order_id,
-- line_id. One order for each document; of a bundle, the part that is missing.
insert into replacement_claims
select
    n.resend_id,
    substr(n.resend_id, length(o.shop_id) + 2),
    coalesce(o.of_order_id, o.order_id),
    null,
    'resend',
    substring(n.resend_id from '[^_]+$'),
    :reason,
    'same',
    l.line_id,
    null,
    l.line_no,
    'goods',
    coalesce(p.platform_item_id, l.platform_item_id),
    coalesce(p.platform_sku_id, l.platform_sku_id),
    l.merchant_code,
    n.sku_id,
    l.title,
    n.pieces,
    l.unit_price_fen
from unnest(
    cast(:resends as text[]), cast(:orders as text[]), cast(:lines as text[]), cast(:skus as text[]), cast(:pieces as bigint[])
) as n (resend_id, order_id, line_id, sku_id, pieces)
inner join core.orders as o on n.order_id = o.order_id
inner join core.order_lines as l on n.order_id = l.order_id and n.line_id = l.line_id
left join core.order_lines as p on l.order_id = p.order_id and l.parent_line_id = p.line_id and p.kind = 'bundle'
