-- Fills core.usual_prices: per shop and SKU the median of what was received for a piece (buyer and platform) in the trailing 30 days.
-- What the pass itself brings is not past yet. Lines whose price a check doubts are left out, and so is what a stopped source delivered.
insert into core.usual_prices (shop_id, sku_id, unit_fen, line_count, business_date)
select
    o.shop_id,
    l.sku_id,
    percentile_disc(0.5) within group (order by (l.paid_fen + coalesce(l.subsidy_fen, 0)) / l.quantity),
    count(*),
    :today
from core.orders as o
join core.order_lines as l using (order_id)
where o.paid_at >= cast(:now as timestamptz) - interval '30 days' and o.paid_at < :now
    and o.payment_state = 'paid' and o.lifecycle <> 'to_confirm'
    and o._pass_id < :pass_id
    and l.kind = 'goods' and l.sku_id is not null and l.quantity > 0 and l.paid_fen > 0
    and not exists (
        select from core.anomalies as a
        where a.order_id = o.order_id and a.rule_id in ('unusual_price', 'price_under_floor')
    )
    and not exists (
        select from ops.source_stops as s where s.shop_id = o.shop_id and s._pass_id = o._pass_id
    )
group by o.shop_id, l.sku_id
