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
        case when o.payment_state = 'cod_accepted' then m.paid_fen else 0 end,
        :now
    from (
        select coalesce(x.parcel_id, x.fulfillment_order_id) as fulfillment_order_id, coalesce(sum(l.paid_fen), 0) as paid_fen
        from core.manifest_lines as x
        left join core.order_lines as l on x.order_id = l.order_id and x.line_id = l.line_id
        where x.manifest_id = :manifest_id and not x.is_void
        group by coalesce(x.parcel_id, x.fulfillment_order_id)
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
