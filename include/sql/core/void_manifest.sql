-- Ends a manifest: its documents are cancelled, its lines free to be promised again; who, when and why stay.
with ended as (
    update core.manifests
    set state = 'void', voided_at = :now, voided_by = :actor, void_reason = :reason
    where manifest_id = :manifest_id
    returning manifest_id
),

freed as (
    update core.manifest_lines as m
    set is_void = true
    from ended as e
    where m.manifest_id = e.manifest_id and not m.is_void
    returning m.fulfillment_order_id
),

-- What its WMS refused is not handed over again, and nobody is told of it any more.
given_up as (
    update core.delivery_orders as d
    set state = 'cancelled', ended_at = :now
    from (select distinct fulfillment_order_id from freed) as r
    where d.fulfillment_order_id = r.fulfillment_order_id and d.state = 'refused'
)

update core.fulfillment_orders as f
set state = 'cancelled', cancelled_at = :now, cancel_reason = 'manifest_void'
from (select distinct fulfillment_order_id from freed) as d
where f.fulfillment_order_id = d.fulfillment_order_id and f.state = 'manifested'
