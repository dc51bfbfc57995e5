-- What a parcel collects at the door is said once, when its list is closed: the label and the warehouse's system ask for the same.
-- What went before keeps what it asked for: what its lines tell.
alter table core.fulfillment_orders add column cod_fen bigint;
update core.fulfillment_orders as f
set cod_fen = (
    select coalesce(sum(l.paid_fen), 0)
    from core.manifest_lines as x
    inner join core.order_lines as l on x.order_id = l.order_id and x.line_id = l.line_id
    where x.fulfillment_order_id = f.fulfillment_order_id and not x.is_void
)
from core.orders as o
where f.order_id = o.order_id and f.state in ('manifested', 'shipped')
    and o.payment_state = 'cod_accepted' and o.order_kind = 'sale';
select ops.describe('core.fulfillment_orders', 'One row per part of an order that one warehouse ships; key fulfillment_order_id.',
    'cod_fen', 'what is collected at the door for it, fen, said when its list was closed; the documents of an order together its amount, once; null: nothing is paid at the door');
