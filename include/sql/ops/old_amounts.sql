-- One row per order whose parcels have left, all there are of it, to collect something else than it owes now; key order_id.
create view ops.old_amounts as
select
    f.order_id,
    min(f.warehouse_id) as warehouse_id,
    max(f.allocated_at) as allocated_at,
    (sum(f.cod_fen) / 100.0)::numeric(20, 2)::text as collected,
    (min(n.owed_fen) / 100.0)::numeric(20, 2)::text as owed
from core.fulfillment_orders as f
inner join core.orders as o on f.order_id = o.order_id and not o.is_terminal
cross join lateral (select ops.owed_at_door(o.payment_state, o.paid_fen) as owed_fen) as n
where f.state in ('manifested', 'shipped') and f.cod_fen is not null and not f.is_shadow
    -- What is still to come brings what is missing.
    and not exists (
        select from core.order_lines as l
        where l.order_id = f.order_id and l.kind not in ('service', 'bundle', 'gift') and l.gate <> 'stop'
            and not exists (
                select from core.manifest_lines as m
                where m.order_id = l.order_id and m.line_id = l.line_id and not m.is_void
            )
    )
group by f.order_id
having bool_or(f.owed_fen <> n.owed_fen) and sum(f.cod_fen) <> min(n.owed_fen)
    and bool_and(
        f.state = 'shipped'
        or exists (select from core.shipments as p where p.fulfillment_order_id = f.fulfillment_order_id)
    );
select ops.describe('ops.old_amounts', 'One row per order whose parcels have left, all there are of it, to collect something else than it owes now; key order_id.',
    'order_id', 'the order', 'warehouse_id', 'a warehouse that sent it', 'allocated_at', 'UTC, when the last of its documents was made', 'collected', 'what the courier collects, yuan', 'owed', 'what it owes now, yuan; 0.00: it was paid at the platform');
