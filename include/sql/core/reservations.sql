-- One row per line of the fulfillment orders of this pass; key reservation_id = fulfillment_order_id#line_id.
insert into core.reservations (
    reservation_id, fulfillment_order_id, order_id, line_id, warehouse_id, sku_id, quantity, state, reserved_at
)
select
    f.fulfillment_order_id || '#' || c.line_id,
    f.fulfillment_order_id,
    c.order_id,
    c.line_id,
    f.warehouse_id,
    c.sku_id,
    c.quantity,
    'active',
    :now
from core.fulfillment_orders as f
inner join decisions as d on f.order_id = d.order_id and f.warehouse_id = d.warehouse_id
inner join candidate_lines as c on f.order_id = c.order_id
left join split_lines as s on c.order_id = s.order_id and c.line_id = s.line_id
where d.part = coalesce(s.part, 0) and f._pass_id = :pass_id and f.state = 'allocated'
