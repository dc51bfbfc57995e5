-- Shows the platform's own amount again for the corrections given; key order_id.
update core.orders as o
set paid_fen = (c.platform_value ->> 'paid_fen')::bigint
from core.corrections as c
where c.correction_id = any(cast(:ids as bigint[])) and c.is_applied and c.field = 'amount'
    and o.order_id = c.order_id
