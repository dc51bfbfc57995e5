-- One row per document of a manifest; key fulfillment_order_id. What each carrier's driver takes, carriers together; none chosen comes last.
select
    f.carrier_id,
    f.fulfillment_order_id,
    o.shop_id,
    o.platform_order_id,
    w.pieces::text as pieces,
    w.wave
from core.manifest_waves as w
inner join core.fulfillment_orders as f on w.fulfillment_order_id = f.fulfillment_order_id
inner join core.orders as o on f.order_id = o.order_id
where w.manifest_id = :manifest_id
order by f.carrier_id collate "C" nulls last, f.fulfillment_order_id
