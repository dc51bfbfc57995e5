-- One row per allocated document that needs another look for its carrier; key fulfillment_order_id: nobody fitted it, or
-- worked that day, carriers.yaml is new or names its carrier no more, its carrier is closed today, the order changed, or its goods may not
-- leave today and it was on no list of a day on which they might. One that is being checked waits: what nobody carries
-- may be what the checks hold.
create temporary table documents_to_carry on commit drop as
select f.fulfillment_order_id, f.order_id, f.warehouse_id, f.is_shadow
from core.fulfillment_orders as f
inner join core.orders as o on f.order_id = o.order_id
where f.state = 'allocated'
    and not exists (select from ops.unfinished_passes as p where p.pass_id = o._checked_pass_id)
    and (
        f.carrier_version_id is distinct from o.version_id
        or f.carrier_id <> all(cast(:carriers as text[]))
        or (cardinality(cast(:not_today as text[])) > 0 and coalesce(f.ship_not_before, :now) <= :now and exists (
            select from core.reservations as r
            inner join core.skus as s on r.sku_id = s.sku_id and s.tags && cast(:not_today as text[])
            where r.fulfillment_order_id = f.fulfillment_order_id and r.state = 'active'
        ))
        or (f.carrier_id is null and exists (
            select from core.holds as h
            where h.order_id = f.order_id and h.subject_id = f.fulfillment_order_id
                and h.rule_id = 'no_carrier' and h.state = 'active'
        ))
        or (f.carrier_id is null and exists (
            select from core.carrier_reasons as x where x.reason_id = f.carrier_reason_id and x.candidates ? 'waits_until'
        ))
    )
