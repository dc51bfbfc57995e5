-- One row per row of doubtful orders of one buyer that this pass found or saw grow; key first_order_id.
-- What is older than the row's own window is history: a back-fill alerts nobody.
select
    a.evidence ->> 'first_order_id' as first_order_id,
    min(o.shop_id) as shop_id,
    count(*) as order_count,
    (array_agg(o.order_id order by coalesce(o.paid_at, o.placed_at), o.order_id))[1:20] as order_ids
from core.anomalies as a
join core.orders as o using (order_id)
join core.shops as s on s.shop_id = o.shop_id and not s.is_shadow
where a.rule_id = :rule_id and a.state = 'open'
    and a.evidence ->> 'first_order_id' in (
        select n.evidence ->> 'first_order_id' from core.anomalies as n
        where n.rule_id = :rule_id and n.state = 'open' and n._pass_id = :pass_id
    )
group by 1
having max(coalesce(o.paid_at, o.placed_at)) >= cast(:now as timestamptz)
    - (select window_days * interval '1 day' from ops.streaks where scope = 'buyer')
