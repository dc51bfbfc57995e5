-- One row per thing of a warehouse's WMS that a person must look at; key rule, subject.
select 'wms_refused_order' as rule, warehouse_id, fulfillment_order_id as subject, answer as detail
from core.delivery_orders
where state = 'refused'
union all
select 'wms_unanswered', d.warehouse_id, d.manifest_id || ':' || d.chunk, count(*)::text
from core.delivery_orders as d
left join core.waybills as w on d.delivery_order_code = w.object_id
where d.state = 'pending' and d.created_at < :unanswered_before and w.state is distinct from 'pending'
group by d.warehouse_id, d.manifest_id, d.chunk
union all
select 'waybill_late', warehouse_id, warehouse_id || ':' || carrier_id, count(*)::text
from core.waybills
where state = 'pending' and requested_at < :unanswered_before
group by warehouse_id, carrier_id
union all
select
    case
        when recall = 'requested' then 'recall_requested'
        when recall_reason = 'destination_changed' then 'parcel_to_old_address'
        when recall_reason = 'owed_changed' then 'parcel_at_old_amount'
        else 'wms_recall_refused'
    end,
    warehouse_id,
    fulfillment_order_id,
    recall_reason
from core.delivery_orders
where (recall = 'refused' and state = 'accepted') or (recall = 'requested' and state in ('pending', 'accepted'))
union all
select
    'replacement_due',
    t.warehouse_id,
    t.refund_id,
    t.order_id
from core.returns as t
inner join core.refunds as f on t.refund_id = f.refund_id
where t.state = 'received' and f.kind = 'exchange' and f.state = 'open' and t.received_at < :unanswered_before
    and not exists (select from core.replacements as p where p.refund_id = t.refund_id)
union all
select 'wms_refused_return', t.warehouse_id, t.return_order_code, t.answer
from core.returns as t inner join core.refunds as f on t.refund_id = f.refund_id and f.state <> 'withdrawn'
where t.state = 'refused' and t.announced_at > :returned_since
union all
select
    'recall_by_hand',
    h.warehouse_id,
    h.fulfillment_order_id,
    h.reason
from core.hand_recalls as h
inner join core.fulfillment_orders as f on h.fulfillment_order_id = f.fulfillment_order_id
where h.state = 'requested' and f.state = 'manifested'
union all
select 'collects_old_amount', warehouse_id, order_id, collected || ' ⇒ ' || owed
from ops.old_amounts
where allocated_at > :collected_since
union all
select 'shipment_doubt', warehouse_id, subject, reason || ' ' || evidence
from core.shipment_doubts
where resolved_at is null
union all
select
    'stale_stock',
    w.warehouse_id,
    w.warehouse_id,
    coalesce(to_char(max(s.as_of) at time zone 'Asia/Shanghai', 'MM-DD HH24:MI'), '-')
from unnest(cast(:told as text[])) as w (warehouse_id)
left join core.stock_snapshots as s on w.warehouse_id = s.warehouse_id and s.source = 'wms'
group by w.warehouse_id
having greatest(max(s.as_of), :awake_since) < :stale_before
union all
select 'stock_left_out', s.warehouse_id, s.warehouse_id, count(*) || ' SKU (' || min(s.sku_id) || ')'
from core.stock as s
inner join (
    select warehouse_id, max(as_of) as read_at from core.stock_snapshots where source = 'wms' group by warehouse_id
) as r on s.warehouse_id = r.warehouse_id and s.counted_at < r.read_at - interval '15 minutes'
where s.warehouse_id = any(:told) and s.on_hand > s.reserved
group by s.warehouse_id
order by 1, 2, 3
