-- One row per line that may be routed now: nothing keeps it, and its order may leave already; key order_id, line_id.
-- A buyer whom a platform without ids never names has no tier; one whom it should have named has an unknown one.
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
    n.paid_fen,
    coalesce(l.paid_at, n.placed_at) as bought_at,
    n.promotion_mark,
    case when n.customer_id is not null or not (s.is_pulled and s.is_buyer_named) then coalesce(t.tier, '') end as tier,
    t.tier_rank
from (
    -- Of most lines nothing is open: only of one that is not placed yet, all that may keep it is looked at.
    select
        e.order_id,
        e.line_id,
        p.shop_id,
        p.customer_id,
        p.promotion_mark,
        p.paid_fen,
        p.placed_at
    from core.orders as p
    inner join core.order_lines as e on p.order_id = e.order_id
    where p.lifecycle = 'live' and (p.ship_not_before is null or p.ship_not_before <= :now) and e.kind not in ('service', 'bundle')
        and (p.gate <> 'stop' or p.order_id in (select w.order_id from core.tracking_writes as w where w.is_part and w.state in ('told', 'by_hand', 'settled')))
        and not exists (
            select from core.reservations as v
            where v.order_id = e.order_id and v.line_id = e.line_id and v.state in ('active', 'posted')
        )
        and not exists (
            select from core.manifest_lines as m
            where m.order_id = e.order_id and m.line_id = e.line_id and not m.is_void
        )
) as n
inner join core.line_readiness as l on n.order_id = l.order_id and n.line_id = l.line_id
left join core.receivers as r on l.order_id = r.order_id
left join core.shops as s on n.shop_id = s.shop_id
left join core.customer_tiers as t on n.shop_id = t.shop_id and n.customer_id = t.customer_id
-- That nothing keeps a line: said so that the planner expects most of them; of `is null` it would expect one in 200.
where (l.blocked_by is null)::int <> 0
    -- What stopped one document of an order is not got round by making another.
    and not exists (
        select from core.holds as h
        where h.order_id = l.order_id and h.state = 'active' and h.subject_type = 'fulfillment_order'
    )
