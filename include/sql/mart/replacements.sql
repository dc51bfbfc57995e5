-- One row per order that the hub made for an exchange or a resend; key order_id. They bring no revenue: mart.orders has none.
create view mart.replacements as
select
    p.order_id,
    p.kind,
    p.of_order_id,
    o.platform,
    o.shop_id,
    p.refund_id,
    p.case_no,
    p.goods,
    p.reason,
    b.bucket,
    c.warehouse_id,
    l.sku_count,
    l.quantity,
    p.made_at,
    (p.made_at at time zone 'Asia/Shanghai')::date as made_date,
    s.shipped_at
from core.replacements as p
inner join core.orders as o on p.order_id = o.order_id
left join core.order_progress as b on p.order_id = b.order_id
left join core.routing_decisions as c on p.order_id = c.order_id
left join (
    select order_id, count(distinct sku_id) as sku_count, sum(quantity)::bigint as quantity
    from core.order_lines
    where kind <> 'bundle'
    group by order_id
) as l on p.order_id = l.order_id
left join (
    select order_id, min(shipped_at) as shipped_at
    from core.shipments
    group by order_id
) as s on p.order_id = s.order_id;

select ops.describe('mart.replacements', '换货补发单,每单一行,不计销售 / one row per order made for an exchange or a resend, no revenue; key order_id.',
    'order_id', 'the order made', 'kind', 'exchange or resend', 'of_order_id', '原订单 / the order whose goods are sent again', 'platform', 'platform name', 'shop_id', 'our id of the shop',
    'refund_id', '售后 / the after-sale; null for one by hand', 'case_no', 'of one by hand: its number', 'goods', 'same, named by the platform, asked or answered by a person',
    'reason', 'as the buyer chose it, or a person wrote it', 'bucket', '环节 / where its least advanced line stands, see core.order_buckets', 'warehouse_id', 'the building of the latest decision',
    'sku_count', 'distinct SKUs', 'quantity', 'pieces', 'made_at', 'UTC', 'made_date', '开单日 / Beijing day', 'shipped_at', 'UTC, when its first parcel left; null before');
