-- One row per line of which some pieces left and were told, while the rest is still promised: what its platform says of the
-- line then is about those pieces, unless money went back; key order_id, line_id.
create view core.rest_of_lines as
select r.order_id, r.line_id
from core.reservations as r
inner join core.order_lines as l on r.order_id = l.order_id and r.line_id = l.line_id and l.refund_state = 'none'
where r.state = 'active'
    and exists (
        select from core.shipment_lines as s
        inner join core.tracking_writes as t on s.shipment_id = t.shipment_id and s.order_id = t.order_id
        where s.order_id = r.order_id and s.line_id = r.line_id and t.state in ('told', 'by_hand', 'settled')
    );

select ops.describe('core.rest_of_lines', '发出并报过一部分件数、其余还占着的订单行 / one row per line of which some pieces were told and the rest is still promised; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line');
grant select on core.rest_of_lines to orderhub_analyst;
