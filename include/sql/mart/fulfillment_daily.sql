-- One row per Beijing day and warehouse on which something happened; key fulfillment_date, warehouse_id. Shadow excluded, and samples and fake sales (no_ship) too.
create view mart.fulfillment_daily as
with documents as (
    select * from core.fulfillment_orders as f
    where not f.is_shadow and not exists (
        select from core.withholdings as w where w.order_id = f.order_id and w.kind = 'no_ship'
    )
),

allocated as (
    select
        (f.allocated_at at time zone 'Asia/Shanghai')::date as fulfillment_date,
        f.warehouse_id,
        count(*) as allocated_count,
        extract(epoch from avg(f.allocated_at - o.placed_at)) / 60 as placed_to_allocated_minutes,
        avg((f.allocated_at <= o.placed_at + interval '1 hour')::int) as within_hour_share
    from documents as f
    join core.orders as o on f.order_id = o.order_id
    group by 1, 2
),

cancelled as (
    select
        (cancelled_at at time zone 'Asia/Shanghai')::date as fulfillment_date,
        warehouse_id,
        count(*) as cancelled_count
    from documents
    where state = 'cancelled'
    group by 1, 2
),

manifested as (
    select
        (cutoff_at at time zone 'Asia/Shanghai')::date as fulfillment_date,
        warehouse_id,
        count(*) as manifest_count,
        sum(order_count) as manifested_count,
        sum(line_count) as line_count,
        sum(quantity_total) as quantity
    from core.manifests
    where not is_shadow and state <> 'void'
    group by 1, 2
)

select
    fulfillment_date,
    warehouse_id,
    coalesce(a.allocated_count, 0) as allocated_count,
    coalesce(c.cancelled_count, 0) as cancelled_count,
    coalesce(m.manifest_count, 0) as manifest_count,
    coalesce(m.manifested_count, 0)::bigint as manifested_count,
    coalesce(m.line_count, 0)::bigint as line_count,
    coalesce(m.quantity, 0)::bigint as quantity,
    round(a.placed_to_allocated_minutes, 1) as placed_to_allocated_minutes,
    round(a.within_hour_share, 4) as within_hour_share
from allocated as a
full join cancelled as c using (fulfillment_date, warehouse_id)
full join manifested as m using (fulfillment_date, warehouse_id);

select ops.describe('mart.fulfillment_daily', '每天、每仓一行,不含影子模式、刷单与样品 / one row per Beijing day and warehouse, without shadow, samples and fake sales; key fulfillment_date, warehouse_id.',
    'fulfillment_date', '业务日 / Beijing day of the event; of the cut-off for manifests', 'warehouse_id', 'the building',
    'allocated_count', '生成的发货单 / fulfillment orders made', 'cancelled_count', '取消的发货单 / fulfillment orders withdrawn',
    'manifest_count', '发货清单数 / manifests closed', 'manifested_count', '清单内发货单 / fulfillment orders in them',
    'line_count', '清单内订单行 / their order lines', 'quantity', '清单内件数 / their pieces',
    'placed_to_allocated_minutes', '下单到生成发货单,平均分钟 / mean minutes from placed to fulfillment order',
    'within_hour_share', '一小时内生成发货单的比例 / share made within one hour of placing, 0 to 1');
