-- One row per parcel of a manifest for which a carrier's waybill is asked; key fulfillment_order_id. Its id at
-- the service comes from its id alone. Without the platform's token nobody can
-- make its label: those come back, to be told.
with asked as (
    insert into core.waybills (
        fulfillment_order_id, object_id, order_id, warehouse_id, carrier_id, service, manifest_id, chunk, state, answer,
        cod_fen, requested_at
    )
    select
        f.fulfillment_order_id,
        case
            when f.fulfillment_order_id ~ '^[A-Za-z0-9_]+/[A-Za-z0-9_]+@[0-9]+$' and length(f.fulfillment_order_id) <= 50
                then translate(f.fulfillment_order_id, '/@', '--')
            else 'h-' || left(encode(sha256(convert_to(f.fulfillment_order_id, 'UTF8')), 'hex'), 40)
        end,
        f.order_id,
        f.warehouse_id,
        f.carrier_id,
        :service,
        :manifest_id,
        1 + (row_number() over (order by f.fulfillment_order_id) - 1) / :size,
        case when r.token is null then 'refused' else 'pending' end,
        case when r.token is null then 'no_token' end,
        m.cod_fen,
        :now
    from (
        select x.parcel_id as fulfillment_order_id, coalesce(sum(d.cod_fen), 0) as cod_fen
        from (
            select distinct fulfillment_order_id, coalesce(parcel_id, fulfillment_order_id) as parcel_id
            from core.manifest_lines
            where manifest_id = :manifest_id and not is_void
        ) as x
        inner join core.fulfillment_orders as d on x.fulfillment_order_id = d.fulfillment_order_id
        group by x.parcel_id
    ) as m
    inner join core.fulfillment_orders as f on m.fulfillment_order_id = f.fulfillment_order_id and f.carrier_id = :carrier_id
    inner join core.orders as o on f.order_id = o.order_id and o.platform = any(:platforms)
    left join core.receivers as r on f.order_id = r.order_id
    on conflict (fulfillment_order_id) do nothing
    returning fulfillment_order_id, warehouse_id, state, answer
)

select fulfillment_order_id, warehouse_id, answer
from asked
where state = 'refused'
order by fulfillment_order_id
