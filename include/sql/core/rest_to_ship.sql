-- One row per order that its platform calls shipped because we or our people told it of a part: the rest
-- ships all the same; key order_id.
create view core.rest_to_ship as
select o.order_id
from core.orders as o
where o.gate = 'stop' and o.status in ('shipped', 'done')
    and exists (
        select from core.tracking_writes as t where t.order_id = o.order_id and t.is_part and t.state in ('told', 'by_hand', 'settled')
    );

select ops.describe('core.rest_to_ship', '平台因我们回传了一部分而显示已发货、其余仍要发的订单 / one row per order that its platform calls shipped because we told it of a part; key order_id.',
    'order_id', 'the order');
grant select on core.rest_to_ship to orderhub_analyst;
