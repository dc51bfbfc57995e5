-- One row per line shipped twice or without a manifest, and per manifest that disagrees with its lines (invariant I8).
create view ops.verify_i8 as
with standing as (
    select m.manifest_id, m.fulfillment_order_id, m.order_id, m.line_id, m.sku_id, m.quantity, x.is_shadow
    from core.manifest_lines as m
    inner join core.manifests as x on m.manifest_id = x.manifest_id
    where not m.is_void and x.state <> 'void'
),

totals as (
    select manifest_id, count(distinct fulfillment_order_id) as orders, count(*) as lines, sum(quantity) as pieces
    from core.manifest_lines
    group by manifest_id
)

select
    order_id || '#' || line_id as subject,
    'stands in ' || count(*) || ' manifests: ' || string_agg(manifest_id, ', ' order by manifest_id) as problem
from standing
group by order_id, line_id
having count(*) > 1
union all
select
    s.manifest_id || ' ' || s.order_id || '#' || s.line_id,
    'is in the manifest, but its reservation is ' || coalesce(r.state || ' for ' || r.quantity || ' pieces', 'missing')
from standing as s
left join core.reservations as r
    on s.fulfillment_order_id = r.fulfillment_order_id and s.line_id = r.line_id
where r.state is null or r.state not in ('active', 'posted') or r.quantity <> s.quantity or r.sku_id <> s.sku_id
union all
select
    r.reservation_id,
    'is posted and in no manifest'
from core.reservations as r
left join standing as s on r.fulfillment_order_id = s.fulfillment_order_id and r.line_id = s.line_id
where r.state = 'posted' and s.line_id is null
union all
select
    f.fulfillment_order_id,
    'is ' || f.state || ' and in no manifest'
from core.fulfillment_orders as f
where f.state in ('manifested', 'shipped')
    and not exists (select from standing as s where s.fulfillment_order_id = f.fulfillment_order_id)
union all
select
    m.manifest_id,
    'says ' || m.order_count || '/' || m.line_count || '/' || m.quantity_total || ' orders/lines/pieces, holds '
    || coalesce(t.orders, 0) || '/' || coalesce(t.lines, 0) || '/' || coalesce(t.pieces, 0)
from core.manifests as m
left join totals as t on m.manifest_id = t.manifest_id
where (m.order_count, m.line_count, m.quantity_total)
    is distinct from (coalesce(t.orders, 0), coalesce(t.lines, 0), coalesce(t.pieces, 0)::bigint)
union all
select
    c.cutoff_id,
    'is closed and has no manifest'
from ops.cutoffs as c
where c.state = 'closed' and not exists (select from core.manifests as m where m.cutoff_id = c.cutoff_id);

select ops.describe('ops.verify_i8', '只发一次:每行至多在一张有效清单 / lines shipped twice or unlisted; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
