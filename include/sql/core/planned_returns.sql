-- One row per after-sale and warehouse that its goods come back to; key return_id. Goods that never left do not come
-- back. Of a line of which a part is returned, that part; of an after-sale that names no line, everything that left.
-- What came back whole and is refunded has nothing left to announce, unless a parcel left since.
create temporary table planned_returns on commit drop as
with ended as (
    select t.refund_id
    from core.returns as t
    left join core.shipments as s on t.order_id = s.order_id and s.recorded_at > t.announced_at
    group by t.refund_id
    having bool_and(t.state = 'received' and s.shipment_id is null)
),

claims as (
    select
        r.refund_id, r.order_id, r.kind, r.quantity, r.platform_line_id, r.platform_sku_id,
        exists(select from core.order_lines as x where x.order_id = r.order_id and x.line_id = r.platform_line_id) as is_by_line,
        exists(select from core.order_lines as x where x.order_id = r.order_id and x.platform_sku_id = r.platform_sku_id) as is_by_sku
    from core.refunds as r
    where r.kind in ('return', 'exchange') and r.state in ('open', 'refunded')
        and (r.state = 'open' or r.refund_id not in (select e.refund_id from ended as e))
        and exists (select from core.shipments as s where s.order_id = r.order_id)
),

sold as (
    select
        c.refund_id, c.order_id, l.line_id,
        case when c.is_by_line or c.is_by_sku
            then c.quantity * l.quantity::numeric / nullif(coalesce(p.quantity, l.quantity), 0) end as claimed
    from claims as c
    inner join core.order_lines as l on c.order_id = l.order_id
    left join core.order_lines as p on l.order_id = p.order_id and l.parent_line_id = p.line_id
    where case
        when c.is_by_line then coalesce(p.line_id, l.line_id) = c.platform_line_id
        when c.is_by_sku then coalesce(p.platform_sku_id, l.platform_sku_id) = c.platform_sku_id
        else true
    end
),

pieces as (
    select
        s.refund_id, s.order_id, x.warehouse_id, x.sku_id,
        max(x.fulfillment_order_id) as fulfillment_order_id,
        -- All where no pieces are named. A share has no end of digits: two thirds of three are two, not a little more.
        ceil(round(
            sum(x.quantity) * least(1, max(s.claimed) / sum(sum(x.quantity)) over (partition by s.refund_id, x.sku_id)), 6
        ))::bigint as pieces
    from sold as s
    inner join core.shipment_lines as x on s.order_id = x.order_id and s.line_id = x.line_id
    group by s.refund_id, s.order_id, x.warehouse_id, x.sku_id
),

-- What came is what it is: a plan that the after-sale lowers later never falls below it.
came as (
    select t.refund_id, t.order_id, t.warehouse_id, l.sku_id, max(t.fulfillment_order_id) as fulfillment_order_id, sum(l.quantity) as pieces
    from core.returns as t
    inner join core.return_lines as l on t.return_id = l.return_id
    where t.refund_id in (select c.refund_id from claims as c)
    group by t.refund_id, t.order_id, t.warehouse_id, l.sku_id
)

select
    refund_id || '@' || warehouse_id as return_id, refund_id, order_id, warehouse_id,
    coalesce(max(p.fulfillment_order_id), max(c.fulfillment_order_id)) as fulfillment_order_id,
    jsonb_object_agg(sku_id, greatest(p.pieces, c.pieces)) as planned,
    bool_and(coalesce(c.pieces, 0) >= coalesce(p.pieces, 0)) as is_all_here
from (select * from pieces where pieces > 0) as p
full join came as c using (refund_id, order_id, warehouse_id, sku_id)
group by refund_id, order_id, warehouse_id
