-- What an order owed when a list with it was closed: the courier was told so, and what it owes since may be something else.
create function ops.owed_at_door(payment_state text, amount_fen bigint) returns bigint immutable parallel safe
return case payment_state when 'cod_accepted' then case when amount_fen > 0 then amount_fen end when 'paid' then 0 end;
comment on function ops.owed_at_door(text, bigint) is
    'what an order that was to be paid at the door owes there now; null: nobody says, 0: it was paid meanwhile';
grant execute on function ops.owed_at_door(text, bigint) to orderhub_app;
alter table core.fulfillment_orders add column owed_fen bigint;
update core.fulfillment_orders as f
set owed_fen = coalesce(ops.owed_at_door(o.payment_state, o.paid_fen), 0)
from core.orders as o
where f.order_id = o.order_id and f.cod_fen is not null;
create index fulfillment_orders_at_door on core.fulfillment_orders (state, allocated_at) where cod_fen is not null;
select ops.describe('core.fulfillment_orders', 'One row per part of an order that one warehouse ships; key fulfillment_order_id.',
    'owed_fen', 'what its whole order owed at the door when cod_fen was said, fen; another amount since calls it back while it is here; null: nothing is paid at the door');
comment on column core.delivery_orders.recalled_for is
    'every cause that it was called back for: reason, and of which line, for which receiver_key or for which amount; another one asks again, and so does one that was over';
comment on column core.hand_recalls.recalled_for is
    'every cause that it was called back for: reason, and of which line, for which receiver_key or for which amount; another one asks again, and so does one that was over';
