-- One row per order line; key order_id, line_id. What keeps it from shipping, null when nothing does: the one place that says "shippable".
-- A gift goes with what was bought: it never leaves alone while all of that waits, was refunded or has left before.
create view core.line_readiness as
with active_holds as (
    select
        order_id,
        bool_or(subject_type = 'order') as is_order_held,
        array_agg(line_id) filter (where subject_type = 'order_line') as held_lines
    from core.holds
    where state = 'active'
    group by order_id
),

withheld as (
    select order_id, max(kind) filter (where line_id is null) as order_kind,
        array_agg(line_id) filter (where line_id is not null) as lines
    from core.withholdings
    group by order_id
),

accompanied as (
    select distinct g.order_id
    from core.order_lines as g
    left join core.line_refunds as r on g.order_id = r.order_id and g.line_id = r.line_id
    left join withheld as k on g.order_id = k.order_id
    where g.kind in ('goods', 'bundle') and g.gate = 'ship' and r.gate is null and coalesce(g.line_id <> all(k.lines), true)
),

-- The rows of a file have no ids: once some were handed over, a later file may name the same goods by another row.
rewritten as (
    select distinct m.order_id from core.manifest_lines as m
    inner join core.fulfillment_orders as f on m.fulfillment_order_id = f.fulfillment_order_id
    inner join core.orders as o on m.order_id = o.order_id and f.version_id <> o.version_id
    inner join core.shops as s on o.shop_id = s.shop_id and not s.is_pulled
    where not m.is_void
),

-- We told the platform of a part, and it calls the whole order shipped: the rest ships all the same.
told_in_part as (select distinct order_id from core.tracking_writes where is_part and state = 'told')

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
        when o.gate = 'stop' and (t.order_id is null or o.status not in ('shipped', 'done')) then 'order_stopped'
        when l.gate = 'stop' or f.gate = 'stop' then 'line_stopped'
        when l.kind in ('service', 'bundle') then 'line_is_' || l.kind
        when f.gate = 'wait' then 'line_waits'
        when h.is_order_held then 'order_held'
        when l.line_id = any(h.held_lines) or l.parent_line_id = any(h.held_lines) then 'line_held'
        when o.gate = 'wait' then 'order_waits'
        when l.gate = 'wait' then 'line_waits'
        when l.kind = 'gift' and a.order_id is null then 'gift_without_goods'
        when w.order_id is not null or b.order_id is not null then 'changed_after_manifest'
        when l.sku_id is null then 'sku_unmapped'
        when coalesce(l.quantity, 0) <= 0 then 'quantity_missing'
        when o.shop_id in (select shop_id from ops.source_stops where resumed_at is null) then 'source_stopped'
        when o.checked_version is distinct from o.version_id then 'order_unchecked'
    end as blocked_by
from core.order_lines as l
inner join core.orders as o on l.order_id = o.order_id
left join core.shops as s on o.shop_id = s.shop_id
left join core.line_refunds as f on l.order_id = f.order_id and l.line_id = f.line_id
left join accompanied as a on l.order_id = a.order_id
left join rewritten as w on o.order_id = w.order_id
left join core.handed_over_bundles as b on l.order_id = b.order_id and l.parent_line_id = b.line_id
left join withheld as k on o.order_id = k.order_id
left join told_in_part as t on o.order_id = t.order_id
left join active_holds as h on l.order_id = h.order_id;

select ops.describe('core.line_readiness', '每个订单行一行:能否发货,不能则为何 / one row per order line: what keeps it from shipping; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', 'sku_id', 'our SKU; null while unmapped', 'quantity', 'pieces', 'shop_id', 'our id of the shop',
    'platform', 'platform name', 'version_id', 'the order''s present version', 'ship_by_at', 'UTC, promised latest hand-over', 'paid_at', 'UTC',
    'blocked_by', 'null when shippable; else the first thing in its way; order_unchecked passes by itself');
