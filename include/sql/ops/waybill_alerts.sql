-- One row per warehouse and carrier some of whose labels are to be taken back and stay, until people settle them; key
-- rule, warehouse_id, carrier_id. :carriers and :platforms are the pairs that the configuration has an account for, :senders the warehouses
-- that a label can say as its sender.
with staying as (
    select
        w.warehouse_id,
        w.carrier_id,
        w.fulfillment_order_id,
        exists (
            select from unnest(cast(:carriers as text[]), cast(:platforms as text[])) as a (carrier_id, platform)
            where a.carrier_id = w.carrier_id and a.platform = o.platform
        ) and w.warehouse_id = any(cast(:senders as text[])) as has_account,
        coalesce(x.state = 'failed', false) as is_refused,
        coalesce(x.created_at, w.requested_at) < :unanswered_before as is_late
    from core.waybills as w
    inner join core.orders as o on w.order_id = o.order_id
    left join ops.outbox as x on x.outbox_id = 'waybill:cancel:' || w.object_id
    where w.state = 'void_requested'
)

select
    case
        when not has_account then 'waybill_account_gone'
        when is_refused then 'waybill_void_refused'
        else 'waybill_void_unanswered'
    end as rule,
    warehouse_id,
    carrier_id,
    count(*) as labels,
    (array_agg(fulfillment_order_id order by fulfillment_order_id))[1:5] as examples
from staying
where is_refused or is_late or not has_account
group by 1, 2, 3
order by 1, 2, 3
