-- One row per line of the platform that a parcel holds something of; key line_id. Gifts of the hub are none; a bundle is
-- one line there, and counts as a whole with the first of its parts.
with named as (
    select
        l.shipment_id,
        case when n.kind = 'bundle_part' then n.parent_line_id else n.line_id end as line_id,
        sum(l.quantity)::bigint as pieces,
        bool_or(n.kind = 'bundle_part') as is_bundle
    from core.shipment_lines as l
    inner join core.order_lines as n on l.order_id = n.order_id and l.line_id = n.line_id
    where l.order_id = :order_id and n.gift_rule_id is null
    group by 1, 2
),

of_order as (
    select count(*) as lines
    from core.order_lines
    where order_id = :order_id and kind in ('goods', 'bundle', 'gift') and gift_rule_id is null
)

select
    n.line_id,
    n.platform_item_id as item_id,
    n.platform_sku_id as sku_id,
    n.quantity as ordered,
    inside.pieces,
    inside.is_bundle,
    exists (
        select from named as earlier
        inner join core.tracking_writes as w
            on earlier.shipment_id = w.shipment_id and w.order_id = :order_id and w.state in ('told', 'settled')
        where earlier.line_id = inside.line_id and earlier.shipment_id <> :shipment_id
    ) as is_told,
    of_order.lines as of_order
from named as inside
inner join core.order_lines as n on n.order_id = :order_id and inside.line_id = n.line_id
cross join of_order
where inside.shipment_id = :shipment_id
order by n.line_no, n.line_id
