-- Locks the stock rows of the documents reported on, in one order: no count and no promise moves under the posting.
select from core.stock as s
where (s.warehouse_id, s.sku_id) in (
    select r.warehouse_id, r.sku_id from core.reservations as r where r.fulfillment_order_id = any(:documents)
)
order by s.warehouse_id, s.sku_id
for update
