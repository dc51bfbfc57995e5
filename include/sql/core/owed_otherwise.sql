-- One row per document here that would be asked another amount now, by `owed_shares`; key fulfillment_order_id. What has left,
-- whole or in part, collects what was said of it; the others bring the rest in the order in which their lists were closed.
create temporary table owed_otherwise on commit drop as
with documents as (
    select
        s.order_id, f.fulfillment_order_id, f.cod_fen, s.rest_fen, min(x.closed_at) as closed_at,
        f.state = 'manifested' and not exists (
            select from core.shipments as p where p.fulfillment_order_id = f.fulfillment_order_id
        ) as is_here,
        sum(s.fen) as fen, bool_or(s.kind <> 'gift') as is_sold
    from owed_shares as s
    inner join core.manifest_lines as m on s.order_id = m.order_id and s.line_id = m.line_id and not m.is_void
    inner join core.manifests as x on m.manifest_id = x.manifest_id
    inner join core.fulfillment_orders as f
        on m.fulfillment_order_id = f.fulfillment_order_id and f.state <> 'cancelled' and not f.is_shadow
    group by s.order_id, f.fulfillment_order_id, s.rest_fen
),

reached as (
    select
        order_id, fulfillment_order_id, cod_fen, is_here, closed_at,
        sum(fen) over so_far + case when bool_or(is_sold) over so_far then rest_fen else 0 end as until_fen,
        coalesce(sum(cod_fen) filter (where not is_here) over (partition by order_id), 0) as before_fen
    from documents
    window so_far as (partition by order_id order by is_here, closed_at, fulfillment_order_id)
),

asked as (
    select
        fulfillment_order_id, cod_fen,
        greatest(
            until_fen - greatest(
                before_fen, lag(until_fen) over (partition by order_id order by closed_at, fulfillment_order_id)
            ),
            0
        )::bigint as fen
    from reached
    where is_here
)

select fulfillment_order_id, fen
from asked
where fen <> cod_fen
