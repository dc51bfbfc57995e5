-- One row per active reservation that goes back because less was counted than is promised; key reservation_id. Whole
-- fulfillment orders that no warehouse has: those of shops in shadow mode first, whose goods leave by another system,
-- then the latest paid, then the greater order id.
create temporary table withdrawals on commit drop as
with missing as (
    select s.warehouse_id, s.sku_id, s.reserved - c.on_hand as pieces
    from counts as c
    inner join core.stock as s on c.warehouse_id = s.warehouse_id and c.sku_id = s.sku_id
    where c.on_hand < s.reserved
),

ranked as (
    select
        r.fulfillment_order_id,
        m.pieces,
        sum(r.quantity) over (
            partition by r.warehouse_id, r.sku_id
            order by f.is_shadow desc, o.paid_at desc nulls first, r.order_id desc, r.line_id desc
            rows between unbounded preceding and 1 preceding
        ) as given
    from core.reservations as r
    inner join missing as m on r.warehouse_id = m.warehouse_id and r.sku_id = m.sku_id
    inner join core.fulfillment_orders as f on r.fulfillment_order_id = f.fulfillment_order_id
    inner join core.orders as o on r.order_id = o.order_id
    -- Mostly nothing is missing: then nothing is read.
    where (select count(*) from missing) > 0
        and r.state = 'active'
        and ((f.state = 'allocated' and not :only_shadow) or (f.state in ('allocated', 'manifested') and f.is_shadow))
),

returned as (
    select distinct fulfillment_order_id
    from ranked
    where coalesce(given, 0) < pieces
)

select
    r.reservation_id,
    r.fulfillment_order_id,
    r.warehouse_id,
    r.sku_id,
    r.quantity,
    'stock_recounted' as reason
from core.reservations as r
inner join returned as b on r.fulfillment_order_id = b.fulfillment_order_id
where r.state = 'active'
