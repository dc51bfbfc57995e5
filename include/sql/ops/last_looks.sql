-- One row per order that is due at `warehouses` and comes from a shop that was asked; key order_id.
-- Known at an instant is what was read again then, and what no list of changes up to then named; what the
-- platform refuses while it gives others is known only as of its own last reading.
with asked as (
    select * from unnest(cast(:shops as text[]), cast(:known_untils as timestamptz[])) as a (shop_id, known_until)
),

reread as (
    select * from unnest(cast(:read_shops as text[]), cast(:read_ids as text[]), cast(:read_ats as timestamptz[]))
        as r (shop_id, record_id, read_at)
),

refused as (
    select * from unnest(cast(:refused_shops as text[]), cast(:refused_ids as text[])) as n (shop_id, record_id)
),

due as (
    select distinct r.order_id
    from core.fulfillment_orders as f
    inner join core.reservations as r on f.fulfillment_order_id = r.fulfillment_order_id and r.state = 'active'
    where f.state = 'allocated' and not f.is_shadow and f.warehouse_id = any(cast(:warehouses as text[]))
)

insert into ops.last_looks as k (order_id, looked_at, is_reread, seen_at)
select
    o.order_id,
    :now,
    r.record_id is not null,
    greatest(o._seen_at, r.read_at, case when n.record_id is null then a.known_until end)
from due as d
inner join core.orders as o on d.order_id = o.order_id
inner join asked as a on o.shop_id = a.shop_id
left join reread as r on o.shop_id = r.shop_id and o.platform_order_id = r.record_id
left join refused as n on o.shop_id = n.shop_id and o.platform_order_id = n.record_id
on conflict (order_id) do update
set looked_at = excluded.looked_at, is_reread = excluded.is_reread, seen_at = greatest(k.seen_at, excluded.seen_at)
