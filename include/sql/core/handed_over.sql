-- One row per document in a warehouse's hands that something may stop, or that was called back; key fulfillment_order_id.
-- Documents of a WMS until it has shipped them; those in files for as long as people may stop them.
create temporary table handed_over on commit drop as
select d.fulfillment_order_id, d.warehouse_id, true as is_at_wms, d.recalled_for, d.recall
from core.delivery_orders as d
where d.state in ('pending', 'accepted', 'refused') and (d.recall is null or d.recall = 'refused')
union all
select f.fulfillment_order_id, f.warehouse_id, false, coalesce(h.recalled_for, '{}'), nullif(h.state, 'over')
from core.fulfillment_orders as f
inner join core.orders as o on f.order_id = o.order_id
left join core.receivers as v on f.order_id = v.order_id
left join core.hand_recalls as h on f.fulfillment_order_id = h.fulfillment_order_id
where f.state = 'manifested' and not f.is_shadow and f.allocated_at > :promised_since
    and (f.allocated_at > :since or exists (
        select from core.manifest_lines as m inner join core.manifests as x on m.manifest_id = x.manifest_id
        where m.order_id = f.order_id and m.fulfillment_order_id = f.fulfillment_order_id
            and not m.is_void and x.closed_at > :since
    ))
    -- Of most nothing was heard since: only what may have a reason is looked at.
    and (
        f.version_id <> o.version_id
        or f.receiver_key <> v.receiver_key
        or f.order_id in (select r.order_id from core.refunds as r)
        or f.order_id in (select w.order_id from core.withholdings as w)
        or o.order_kind <> 'sale'
        or h.state in ('requested', 'refused')
        or f.fulfillment_order_id in (select a.fulfillment_order_id from owed_otherwise as a)
    )
    and not exists (select from core.delivery_orders as d where d.fulfillment_order_id = f.fulfillment_order_id)
    and h.state is distinct from 'agreed'
