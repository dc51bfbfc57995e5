-- As core/candidate_lines.sql, of the orders of `touched_orders` only; key order_id, line_id.
create temporary table candidate_lines on commit drop as
select
    l.order_id,
    l.line_id,
    l.sku_id,
    l.quantity,
    l.shop_id,
    l.platform,
    l.version_id,
    l.ship_by_at,
    l.paid_at,
    r.province,
    r.city,
    o.paid_fen,
    coalesce(l.paid_at, o.placed_at) as bought_at,
    o.promotion_mark,
    case when o.customer_id is not null or not (s.is_pulled and s.is_buyer_named) then coalesce(t.tier, '') end as tier,
    t.tier_rank
from touched_orders as n
-- Offset 0: what is open of each order first, by its key, and only of that all that may keep it.
cross join lateral (
    select e.order_id, e.line_id
    from core.order_lines as e
    where e.order_id = n.order_id and e.kind not in ('service', 'bundle')
        -- Of the most that are touched and stay, this is why.
        and not exists (
            select from core.holds as h
            where h.order_id = e.order_id and h.state = 'active' and h.subject_type = 'order'
        )
        and not exists (
            select from core.reservations as v where v.order_id = e.order_id and v.line_id = e.line_id and v.state = 'active'
        )
        and not exists (
            select from core.reservations as v where v.order_id = e.order_id and v.line_id = e.line_id and v.state = 'posted'
        )
        and not exists (
            select from core.manifest_lines as m
            where m.order_id = e.order_id and m.line_id = e.line_id and not m.is_void
        )
    offset 0
) as e
cross join lateral (
    select * from core.line_readiness as x where x.order_id = e.order_id and x.line_id = e.line_id offset 0
) as l
cross join lateral (
    select p.placed_at, p.paid_fen, p.promotion_mark, p.customer_id, p.shop_id
    from core.orders as p
    where p.order_id = e.order_id and (p.ship_not_before is null or p.ship_not_before <= :now)
    offset 0
) as o
left join core.receivers as r on l.order_id = r.order_id
left join core.shops as s on o.shop_id = s.shop_id
left join core.customer_tiers as t on o.shop_id = t.shop_id and o.customer_id = t.customer_id
where l.blocked_by is null
    -- What stopped one document of an order is not got round by making another.
    and not exists (
        select from core.holds as h
        where h.order_id = l.order_id and h.state = 'active' and h.subject_type = 'fulfillment_order'
    )
