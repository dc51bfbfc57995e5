-- Announces the returns of `planned_returns`, and changes those whose plan changed; one row per return to tell; key return_id.
insert into core.returns as present (
    return_id, refund_id, order_id, fulfillment_order_id, warehouse_id, return_order_code, planned, state, announced_at,
    received_at
)
select
    return_id, refund_id, order_id, fulfillment_order_id, warehouse_id,
    case
        when return_id ~ '^[A-Za-z0-9_]+/[A-Za-z0-9_]+@[A-Za-z0-9_]+$' and length(return_id) <= 48
            then 'R-' || translate(return_id, '/@', '--')
        else 'r-' || left(encode(sha256(convert_to(return_id, 'UTF8')), 'hex'), 40)
    end,
    planned,
    case when is_all_here then 'received' when warehouse_id = any(:told) then 'announced' else 'accepted' end,
    :now,
    case when is_all_here then cast(:now as timestamptz) end
from planned_returns
-- More may come back after all that was planned has come: it is asked for again.
on conflict (return_id) do update set
    planned = excluded.planned,
    state = case
        when excluded.state = 'received' then 'received'
        when present.state = 'received' then 'accepted'
        else present.state
    end,
    received_at = excluded.received_at
where present.planned <> excluded.planned
-- A row that was there before carries the transaction that changed it; what was not told yet is told as it is now.
returning return_id, warehouse_id, return_order_code, present.xmax <> 0 and present.state <> 'announced' as is_changed
