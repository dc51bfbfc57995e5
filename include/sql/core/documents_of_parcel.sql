-- One row per document that a warehouse holds and that leaves in the parcel of `:named`, a document or its code at the
-- WMS; key fulfillment_order_id. `is_named` is the document itself, or all of the code.
with meant as (
    select f.fulfillment_order_id, p.parcel_id
    from core.fulfillment_orders as f
    left join core.delivery_orders as d on f.fulfillment_order_id = d.fulfillment_order_id
    left join core.merge_decisions as p on f.fulfillment_order_id = p.fulfillment_order_id
    where f.fulfillment_order_id = :named or d.delivery_order_code = :named
)

select
    f.fulfillment_order_id,
    f.order_id,
    coalesce(d.delivery_order_code, f.fulfillment_order_id) as subject,
    d.delivery_order_code is not null as is_at_wms,
    f.fulfillment_order_id in (select m.fulfillment_order_id from meant as m) as is_named
from core.fulfillment_orders as f
left join core.delivery_orders as d on f.fulfillment_order_id = d.fulfillment_order_id
where f.state = 'manifested' and not f.is_shadow
    and (
        f.fulfillment_order_id in (select m.fulfillment_order_id from meant as m)
        or f.fulfillment_order_id in (
            select x.fulfillment_order_id
            from core.merge_decisions as x
            inner join meant as m on x.parcel_id = m.parcel_id
        )
    )
order by is_named desc, f.fulfillment_order_id
