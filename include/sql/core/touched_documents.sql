-- As core/handed_over.sql, of the orders of `touched_orders`, and of what was called back or would collect another amount;
-- key fulfillment_order_id.
create temporary table handed_over on commit drop as
with named as (
    select f.fulfillment_order_id
    from touched_orders as n
    -- Offset 0: by the key of each, whatever the planner expects of a table that grows within the day.
    cross join lateral (
        select e.fulfillment_order_id
        from core.fulfillment_orders as e
        where e.order_id = n.order_id
        offset 0
    ) as f
    union
    select fulfillment_order_id from core.delivery_orders where recall is not null
    union
    select fulfillment_order_id from core.hand_recalls where state in ('requested', 'refused')
    union
    select fulfillment_order_id from owed_otherwise
)

select
    f.fulfillment_order_id,
    f.warehouse_id,
    d.fulfillment_order_id is not null as is_at_wms,
    case when d.fulfillment_order_id is not null then d.recalled_for else coalesce(h.recalled_for, '{}') end as recalled_for,
    case when d.fulfillment_order_id is not null then d.recall else nullif(h.state, 'over') end as recall
from named as n
cross join lateral (
    select e.fulfillment_order_id, e.order_id, e.warehouse_id, e.state, e.is_shadow, e.allocated_at
    from core.fulfillment_orders as e
    where e.fulfillment_order_id = n.fulfillment_order_id
    offset 0
) as f
left join lateral (
    select e.fulfillment_order_id, e.recalled_for, e.recall, e.state
    from core.delivery_orders as e
    where e.fulfillment_order_id = n.fulfillment_order_id
    offset 0
) as d on true
left join core.hand_recalls as h on n.fulfillment_order_id = h.fulfillment_order_id
where case
    when d.fulfillment_order_id is not null
        then d.state in ('pending', 'accepted', 'refused') and (d.recall is null or d.recall = 'refused')
    else f.state = 'manifested' and not f.is_shadow and f.allocated_at > :promised_since and h.state is distinct from 'agreed'
        and (f.allocated_at > :since or exists (
            select from core.manifest_lines as m inner join core.manifests as x on m.manifest_id = x.manifest_id
            where m.order_id = f.order_id and m.fulfillment_order_id = f.fulfillment_order_id
                and not m.is_void and x.closed_at > :since
        ))
end
