-- Says what is collected at the door for the documents of a manifest that are paid there, by `owed_shares`; key
-- fulfillment_order_id. An order is collected once: each document brings its lines' share, the first that holds something
-- sold also what is no line's (freight, services). What the order's other documents collect counts, so that what was called
-- back or left in part changes no total.
with documents as (
    select
        s.order_id, f.fulfillment_order_id, m.manifest_id = :manifest_id as is_new, f.cod_fen, s.owed_fen, s.rest_fen,
        sum(s.fen) as fen, bool_or(s.kind <> 'gift') as is_sold
    from owed_shares as s
    inner join core.manifest_lines as m on s.order_id = m.order_id and s.line_id = m.line_id and not m.is_void
    inner join core.fulfillment_orders as f
        on m.fulfillment_order_id = f.fulfillment_order_id and f.state <> 'cancelled' and f.is_shadow = :is_shadow
    group by 1, 2, 3, 4, 5, 6
),

-- Up to each document: what the order's parcels should have collected by then, and what the earlier ones do.
reached as (
    select
        order_id, fulfillment_order_id, is_new, owed_fen,
        sum(fen) over so_far + case when bool_or(is_sold) over so_far then rest_fen else 0 end as until_fen,
        coalesce(sum(cod_fen) filter (where not is_new) over (partition by order_id), 0) as before_fen
    from documents
    window so_far as (partition by order_id order by is_new, fulfillment_order_id)
)

update core.fulfillment_orders as f
set cod_fen = greatest(r.until_fen - greatest(r.before_fen, r.previous_fen), 0), owed_fen = r.owed_fen
from (
    select *, lag(until_fen) over (partition by order_id order by fulfillment_order_id) as previous_fen
    from reached
    where is_new
) as r
where f.fulfillment_order_id = r.fulfillment_order_id
