-- Lays the told amounts given over what the platform says is owed at the door; key order_id.
update core.orders as o
set paid_fen = (c.value ->> 'paid_fen')::bigint
from core.corrections as c
where c.correction_id = any(cast(:ids as bigint[])) and c.state = 'active' and c.field = 'amount'
    and o.order_id = c.order_id
