-- One row per order line; key order_id, line_id. What keeps it from shipping, null when nothing does: the one place that says "shippable".
-- A gift goes with what was bought: it never leaves alone while all of that waits, was refunded or has left before. What is sent again, or in exchange, waits while its sale is being checked.
create view core.line_readiness as
select
    l.order_id, l.line_id,
    l.sku_id, l.quantity,
    o.shop_id, o.platform,
    o.version_id, o.ship_by_at, o.paid_at,
    case
        when k.order_kind is not null then 'order_' || k.order_kind
        when l.line_id = any(k.lines) or l.parent_line_id = any(k.lines) then 'line_cancelled'
        when s.shop_id is null then 'shop_removed'
        when o.lifecycle <> 'live' then 'order_' || o.lifecycle
        -- We or our people told the platform of a part, and it calls the whole order shipped: the rest ships all the same.
        when o.gate = 'stop' and not exists (select from core.rest_to_ship as x where x.order_id = o.order_id) then 'order_stopped'
        -- So does the rest of a line of which we told some pieces, whatever its platform calls the line.
        when l.line_id = any(f.stopped) or (l.gate = 'stop' and not exists (select from core.rest_of_lines as x where x.order_id = l.order_id and x.line_id = l.line_id)) then 'line_stopped'
        when l.kind in ('service', 'bundle') then 'line_is_' || l.kind
        when l.line_id = any(f.waiting) then 'line_waits'
        -- Some pieces left without us: what a person has not said to be left never leaves as well.
        when l.gate = 'wait' and exists (select from core.hand_shipped_lines as x where x.order_id = l.order_id and x.line_id = l.line_id and not x.is_settled) then 'line_waits'
        when h.is_order_held then 'order_held'
        when l.line_id = any(h.lines) or l.parent_line_id = any(h.lines) then 'line_held'
        when o.gate = 'wait' then 'order_waits'
        when l.gate = 'wait' and not exists (select from core.rest_of_lines as x where x.order_id = l.order_id and x.line_id = l.line_id)
            and not exists (select from core.hand_shipped_lines as x where x.order_id = l.order_id and x.line_id = l.line_id) then 'line_waits'
        when l.kind = 'gift' and not exists (
            select from core.order_lines as g
            where g.order_id = l.order_id and g.kind in ('goods', 'bundle') and g.gate = 'ship'
                and coalesce(g.line_id <> all(f.stopped || f.waiting), true)
                and coalesce(g.line_id <> all(k.lines), true)
        ) then 'gift_without_goods'
        -- Rows of a file have no ids: once some left, a later file may name the same goods by another. By the key: joined, each line reads all documents.
        when not s.is_pulled and exists (
            select from core.manifest_lines as m
            where m.order_id = o.order_id and not m.is_void
                and o.version_id <> (select d.version_id from core.fulfillment_orders as d where d.fulfillment_order_id = m.fulfillment_order_id)
        ) then 'changed_after_manifest'
        when l.parent_line_id is not null and exists (
            select from core.handed_over_bundles as b where b.order_id = l.order_id and b.line_id = l.parent_line_id
        ) then 'changed_after_manifest'
        when l.sku_id is null then 'sku_unmapped'
        when coalesce(l.quantity, 0) <= 0 then 'quantity_missing'
        when o.shop_id in (select shop_id from ops.source_stops where resumed_at is null) then 'source_stopped'
        when o.checked_version is distinct from o.version_id or case when o.of_order_id is null then o._checked_pass_id else (select x._checked_pass_id from core.orders as x where x.order_id = o.of_order_id) end in (select pass_id from ops.unfinished_passes) then 'order_unchecked'
    end as blocked_by
from core.order_lines as l
inner join core.orders as o on l.order_id = o.order_id
left join core.shops as s on o.shop_id = s.shop_id
left join (
    select
        order_id,
        array_agg(line_id) filter (where gate = 'stop') as stopped,
        array_agg(line_id) filter (where gate = 'wait') as waiting
    from core.line_refunds
    where gate is not null
    group by order_id
) as f on l.order_id = f.order_id
left join (
    select
        order_id,
        max(kind) filter (where line_id is null) as order_kind,
        array_agg(line_id) filter (where line_id is not null) as lines
    from core.withholdings
    group by order_id
) as k on l.order_id = k.order_id
left join (
    select
        order_id,
        bool_or(subject_type = 'order') as is_order_held,
        array_agg(line_id) filter (where subject_type = 'order_line') as lines
    from core.holds
    where state = 'active'
    group by order_id
) as h on l.order_id = h.order_id;

select ops.describe('core.line_readiness', '每个订单行一行:能否发货,不能则为何 / one row per order line: what keeps it from shipping; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', 'sku_id', 'our SKU; null while unmapped', 'quantity', 'pieces', 'shop_id', 'our id of the shop',
    'platform', 'platform name', 'version_id', 'the order''s present version', 'ship_by_at', 'UTC, promised latest hand-over', 'paid_at', 'UTC',
    'blocked_by', 'null when shippable; else the first thing in its way; order_unchecked passes by itself');
