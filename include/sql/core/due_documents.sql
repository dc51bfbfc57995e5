-- One row per allocated fulfillment order that is due at this cut-off; key fulfillment_order_id. `reason` is null when it is in.
create temporary table due_documents on commit drop as
with lines as (
    select
        d.fulfillment_order_id,
        o.order_id,
        o.shop_id,
        o.payment_state = 'cod_accepted' and o.order_kind = 'sale' as is_due_at_door,
        count(*) as line_count,
        sum(d.quantity) as pieces,
        -- Equal where one buyer's orders may go to one receiver: a sieve, `merge_decisions` compares.
        min(
            hashtextextended(o.shop_id || '|' || o.customer_id || '|' || coalesce(a.merge_key, v.address_hash), 0)
        ) as receiver_sieve,
        -- What waits for its checks waits for them whole: its cut-off may wait, too.
        case
            when bool_or(l.blocked_by = 'order_unchecked') then 'order_unchecked'
            else min(
                case
                    when s.is_shadow <> d.is_shadow then 'mode_changed'
                    when l.line_id is null then 'line_gone'
                    when l.blocked_by is not null then l.blocked_by
                    when l.sku_id <> d.sku_id or l.quantity <> d.quantity then 'line_changed'
                    when d.receiver_key <> v.receiver_key then 'destination_changed'
                    when k.seen_at < :unseen_since then 'status_unconfirmed'
                end
            )
        end as reason
    from due_reservations as d
    inner join core.orders as o on d.order_id = o.order_id
    left join core.shops as s on o.shop_id = s.shop_id
    left join ops.last_looks as k on d.order_id = k.order_id
    left join readiness as l on d.order_id = l.order_id and d.line_id = l.line_id
    left join core.receivers as v on d.order_id = v.order_id
    left join core.merge_answers as a on d.order_id = a.order_id and v.receiver_key = a.receiver_key
    group by d.fulfillment_order_id, o.order_id
)

select
    n.fulfillment_order_id,
    n.order_id,
    n.shop_id,
    n.is_due_at_door,
    n.line_count,
    n.pieces,
    n.receiver_sieve,
    case
        when n.shop_id = any(:left_shops) then 'source_stale'
        when h.subject_id is not null then 'document_held'
        else n.reason
    end as reason
from lines as n
left join (
    select distinct subject_id
    from core.holds
    where state = 'active' and subject_type = 'fulfillment_order'
) as h on n.fulfillment_order_id = h.subject_id
where cast(:only_shops as text[]) is null or n.shop_id = any(cast(:only_shops as text[]))
