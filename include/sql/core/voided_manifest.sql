-- One row per active reservation of a manifest that a person takes back; key reservation_id.
create temporary table withdrawals on commit drop as
select
    r.reservation_id,
    r.fulfillment_order_id,
    r.warehouse_id,
    r.sku_id,
    r.quantity,
    'manifest_void' as reason
from (select distinct fulfillment_order_id from core.manifest_lines where manifest_id = :manifest_id and not is_void) as m
inner join core.reservations as r on m.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
