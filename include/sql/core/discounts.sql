-- One row per discount of an order or of one of its lines; key order_id, line_id (empty for the order itself).
create view core.discounts as
select
    order_id,
    '' as line_id,
    discount_fen,
    promotion_mark
from core.orders
where discount_fen <> 0
union all
select
    order_id,
    line_id,
    discount_fen,
    null
from core.order_lines
where discount_fen <> 0;

select ops.describe('core.discounts', '订单或订单行的优惠,每笔一行 / one row per discount of an order or of a line; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line; empty for the order itself', 'discount_fen', 'fen', 'promotion_mark', 'promotion ids of the order, where the platform names them');
grant select on core.discounts to orderhub_analyst;
