-- One row per line still promised of a document in a warehouse's hands, where something stops it or it was called back;
-- key fulfillment_order_id, line_id; one without a line where the whole of it would be asked another amount (`owed_otherwise`). Documents of a WMS until it has shipped them; those in files for as long as people
-- may stop them (`handed_over`). `is_fine` lines may leave as they are.
create temporary table judged_documents on commit drop as
with judged as (
    select
        d.fulfillment_order_id,
        d.warehouse_id,
        d.is_at_wms,
        d.recalled_for,
        d.recall,
        r.line_id,
        v.receiver_key,
        case
            when l.line_id is null then 'line_gone'
            when l.blocked_by in (
                'order_stopped', 'order_cancelled', 'order_no_ship', 'order_waits',
                'line_stopped', 'line_cancelled', 'line_waits'
            ) then l.blocked_by
            -- A hold, which recalls nothing by itself, hides that the order waits as well.
            when l.blocked_by in ('order_held', 'line_held') and exists (
                select from core.orders as o where o.order_id = r.order_id and o.gate = 'wait'
            ) then 'order_waits'
            when f.receiver_key <> v.receiver_key then 'destination_changed'
        end as reason,
        -- A manifest that has it stops it from being sent again, and not from leaving.
        coalesce(l.blocked_by, 'changed_after_manifest') = 'changed_after_manifest' as is_unblocked
    from handed_over as d
    inner join core.fulfillment_orders as f on d.fulfillment_order_id = f.fulfillment_order_id
    inner join core.reservations as r on d.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    left join readiness as l on r.order_id = l.order_id and r.line_id = l.line_id
    left join core.receivers as v on r.order_id = v.order_id
)

select
    fulfillment_order_id, warehouse_id, is_at_wms, recalled_for, recall, line_id, reason,
    case
        when reason like 'line%' then reason || '#' || line_id
        when reason = 'destination_changed' then reason || '#' || receiver_key
        else reason
    end as cause,
    reason is null and is_unblocked as is_fine
from judged
where reason is not null or recall is not null
union all
-- A question of its own beside those of its lines.
select
    d.fulfillment_order_id, d.warehouse_id, d.is_at_wms, d.recalled_for, d.recall, null, 'owed_changed',
    'owed_changed#' || a.fen, false
from handed_over as d
inner join owed_otherwise as a on d.fulfillment_order_id = a.fulfillment_order_id
