-- One row per order that owes something else at the door than when a list with a document of it was closed, which may be
-- here still; key order_id. What was paid at the platform meanwhile owes nothing; no amount is no other amount.
create temporary table owing_orders on commit drop as
select distinct f.order_id, n.owed_fen
from core.fulfillment_orders as f
inner join core.orders as o on f.order_id = o.order_id
cross join lateral (select ops.owed_at_door(o.payment_state, o.paid_fen) as owed_fen) as n
where f.state = 'manifested' and not f.is_shadow and f.cod_fen is not null and n.owed_fen <> f.owed_fen
