-- One row per line of `owing_orders`: its share of what its order owes at the door; key order_id, line_id. `rest_fen`, the
-- same on every line of an order, is what is no line's: freight, services. Where lines tell no share, the order's amount
-- is laid on them by price, else by pieces.
create temporary table owed_shares on commit drop as
with priced as (
    select
        o.order_id, n.owed_fen, coalesce(o.freight_fen, 0) as freight_fen,
        l.line_id, l.kind, coalesce(l.paid_fen, 0) as paid_fen,
        case when l.kind <> 'gift' then coalesce(l.unit_price_fen * l.quantity, 0) else 0 end as price_fen,
        case when l.kind <> 'gift' then coalesce(l.quantity, 0) else 0 end as pieces,
        bool_and(l.kind = 'gift' or coalesce(l.paid_fen >= 0, false)) over (partition by o.order_id) as is_told
    from owing_orders as n
    inner join core.orders as o on n.order_id = o.order_id
    inner join core.order_lines as l on o.order_id = l.order_id and l.kind <> 'bundle'
),

weighed as (
    select order_id, line_id, kind, owed_fen, freight_fen,
        case when is_told then sum(paid_fen) over of_order else 0 end as told_fen,
        case
            when is_told and sum(paid_fen) over of_order > 0 then paid_fen
            when sum(price_fen) over of_order > 0 then price_fen
            else pieces
        end as weight
    from priced
    window of_order as (partition by order_id)
),

laid as (
    select order_id, line_id, kind, owed_fen, weight,
        case when told_fen between 1 and owed_fen then told_fen else greatest(owed_fen - freight_fen, 0) end as goods_fen,
        sum(weight) over (partition by order_id order by line_id) as so_far,
        nullif(sum(weight) over (partition by order_id), 0) as total
    from weighed
),

shared as (
    select
        order_id, line_id, kind, owed_fen,
        coalesce(floor(goods_fen * so_far / total) - floor(goods_fen * (so_far - weight) / total), 0) as fen
    from laid
)

select
    order_id, line_id, kind, owed_fen, fen,
    owed_fen - coalesce(sum(fen) filter (where kind <> 'service') over (partition by order_id), 0) as rest_fen
from shared
