-- One row per fulfillment order of a manifest that goes to a WMS; key fulfillment_order_id. Its code at the WMS comes
-- from the parcel's id alone: at most 50 characters, letters, digits, _ and -; other ids are hashed.
insert into core.delivery_orders (
    fulfillment_order_id, delivery_order_code, warehouse_id, manifest_id, chunk, created_at
)
select
    m.fulfillment_order_id,
    case
        when m.parcel_id ~ '^[A-Za-z0-9_]+/[A-Za-z0-9_]+@[0-9]+$' and length(m.parcel_id) <= 50
            then translate(m.parcel_id, '/@', '--')
        else 'h-' || left(encode(sha256(convert_to(m.parcel_id, 'UTF8')), 'hex'), 40)
    end,
    :warehouse_id,
    :manifest_id,
    1 + (dense_rank() over (order by m.parcel_id) - 1) / :size,
    :now
from (
    select distinct fulfillment_order_id, coalesce(parcel_id, fulfillment_order_id) as parcel_id
    from core.manifest_lines
    where manifest_id = :manifest_id and not is_void
) as m
