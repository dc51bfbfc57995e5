-- Says what is collected at the door for the documents of a manifest that are paid there; key fulfillment_order_id.
-- An order is collected once: each document brings its lines' share, the first that holds something sold also what is
-- no line's (freight, services). What the order's other documents collect counts, so that what was called back or left
-- in part changes no total. Where lines tell no share, the order's amount is laid on them by price, else by pieces.
with priced as (
    select
        o.order_id, greatest(coalesce(o.paid_fen, 0), 0) as owed_fen, coalesce(o.freight_fen, 0) as freight_fen,
        l.line_id, l.kind, coalesce(l.paid_fen, 0) as paid_fen,
        case when l.kind <> 'gift' then coalesce(l.unit_price_fen * l.quantity, 0) else 0 end as price_fen,
        case when l.kind <> 'gift' then coalesce(l.quantity, 0) else 0 end as pieces,
        bool_and(l.kind = 'gift' or coalesce(l.paid_fen >= 0, false)) over (partition by o.order_id) as is_told
    from core.orders as o
    inner join core.order_lines as l on o.order_id = l.order_id and l.kind <> 'bundle'
    where o.order_id in (select d.order_id from due_documents as d where d.reason is null and d.is_due_at_door)
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
),

shares as (
    select
        order_id, line_id, kind, fen,
        owed_fen - coalesce(sum(fen) filter (where kind <> 'service') over (partition by order_id), 0) as rest_fen
    from shared
),

documents as (
    select
        s.order_id, f.fulfillment_order_id, m.manifest_id = :manifest_id as is_new, f.cod_fen, s.rest_fen,
        sum(s.fen) as fen, bool_or(s.kind <> 'gift') as is_sold
    from shares as s
    inner join core.manifest_lines as m on s.order_id = m.order_id and s.line_id = m.line_id and not m.is_void
    inner join core.fulfillment_orders as f
        on m.fulfillment_order_id = f.fulfillment_order_id and f.state <> 'cancelled' and f.is_shadow = :is_shadow
    group by 1, 2, 3, 4, 5
),

-- Up to each document: what the order's parcels should have collected by then, and what the earlier ones do.
reached as (
    select
        order_id, fulfillment_order_id, is_new,
        sum(fen) over so_far + case when bool_or(is_sold) over so_far then rest_fen else 0 end as until_fen,
        coalesce(sum(cod_fen) filter (where not is_new) over (partition by order_id), 0) as before_fen
    from documents
    window so_far as (partition by order_id order by is_new, fulfillment_order_id)
)

update core.fulfillment_orders as f
set cod_fen = greatest(r.until_fen - greatest(r.before_fen, r.previous_fen), 0)
from (
    select *, lag(until_fen) over (partition by order_id order by fulfillment_order_id) as previous_fen
    from reached
    where is_new
) as r
where f.fulfillment_order_id = r.fulfillment_order_id
