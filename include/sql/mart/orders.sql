-- One row per sale, samples and fake sales (no_ship) and replacements (mart.replacements) left out; key order_id. Business dates are Beijing days; no receiver finer than province and city.
create view mart.orders as
with lines as (
    select
        order_id,
        count(*) filter (where kind <> 'bundle_part') as line_count,
        count(distinct sku_id) filter (where kind <> 'bundle') as sku_count,
        (sum(quantity) filter (where kind <> 'bundle'))::bigint as quantity
    from core.order_lines
    group by order_id
),

doubts as (
    select order_id, count(*) as anomaly_count
    from core.anomalies
    group by order_id
),

first_allocated as (
    select order_id, min(allocated_at) as allocated_at
    from core.fulfillment_orders
    group by order_id
),

first_manifested as (
    select l.order_id, min(m.closed_at) as manifested_at
    from core.manifest_lines as l
    join core.manifests as m on l.manifest_id = m.manifest_id
    where not l.is_void
    group by l.order_id
)

select
    o.order_id, o.platform, o.shop_id, s.name as shop_name, o.platform_order_id, o.customer_id,
    o.status, o.payment_state, o.lifecycle, p.bucket, coalesce(d.anomaly_count, 0) as anomaly_count,
    r.province, r.city, c.warehouse_id, c.rule_id as routing_rule_id,
    coalesce(l.line_count, 0) as line_count, coalesce(l.sku_count, 0) as sku_count, l.quantity,
    o.currency, o.paid_fen, o.freight_fen, o.discount_fen,
    round(o.paid_fen / 100.0, 2) as paid_yuan,
    round(o.freight_fen / 100.0, 2) as freight_yuan,
    round(o.discount_fen / 100.0, 2) as discount_yuan,
    (o.placed_at at time zone 'Asia/Shanghai')::date as placed_date,
    (o.paid_at at time zone 'Asia/Shanghai')::date as paid_date,
    o.placed_at, o.paid_at, o.ship_by_at, f.allocated_at, m.manifested_at,
    round(extract(epoch from f.allocated_at - o.placed_at) / 60, 1) as placed_to_allocated_minutes
from core.orders as o
left join core.shops as s on o.shop_id = s.shop_id
left join core.receivers as r on o.order_id = r.order_id
left join core.routing_decisions as c on o.order_id = c.order_id
left join lines as l on o.order_id = l.order_id
left join core.order_progress as p on o.order_id = p.order_id
left join doubts as d on o.order_id = d.order_id
left join first_allocated as f on o.order_id = f.order_id
left join first_manifested as m on o.order_id = m.order_id
where o.order_kind = 'sale' and not exists (
    select from core.withholdings as w where w.order_id = o.order_id and w.kind = 'no_ship'
);

select ops.describe('mart.orders', '每个订单一行:金额、状态、环节、仓库、时间;不含刷单、样品与换货补发 / one row per sale, without samples, fake sales and replacements; key order_id.',
    'order_id', 'shop_id/platform_order_id', 'platform', 'platform name', 'shop_id', 'our id of the shop', 'shop_name', 'as people call it',
    'platform_order_id', 'the platform''s id, text', 'customer_id', 'the platform''s open id of the buyer; never a name or a phone',
    'status', 'our word for the platform''s state', 'payment_state', 'unpaid, deposit_paid, paid, cod_accepted, refunded or unknown',
    'lifecycle', 'live, history (before go-live) or to_confirm', 'bucket', '环节 / where its least advanced line stands, see core.order_buckets',
    'anomaly_count', 'failed checks, open or closed', 'province', 'of the receiver', 'city', 'of the receiver',
    'warehouse_id', 'the building of the latest decision', 'routing_rule_id', 'the rule that chose it',
    'line_count', 'order lines; a bundle is one', 'sku_count', 'distinct SKUs, of bundles their parts; unmapped lines not counted', 'quantity', 'pieces, of bundles their parts', 'currency', 'ISO 4217',
    'paid_fen', 'paid, fen', 'freight_fen', 'freight, fen', 'discount_fen', 'order-level discount, fen',
    'paid_yuan', 'paid, whole units of the currency', 'freight_yuan', 'freight, whole units', 'discount_yuan', 'discount, whole units',
    'placed_date', '下单日 / Beijing day', 'paid_date', '付款日 / Beijing day', 'placed_at', 'UTC', 'paid_at', 'UTC', 'ship_by_at', 'UTC, promised latest hand-over',
    'allocated_at', 'UTC, first fulfillment order', 'manifested_at', 'UTC, first manifest that holds it',
    'placed_to_allocated_minutes', '下单到生成发货单的分钟数 / order processing time, minutes');
