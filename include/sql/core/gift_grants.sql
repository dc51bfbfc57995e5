-- Gives places to orders that hold none yet, by payment time, then by id; key rule_id, order_id.
-- A place is never taken back: what earned it may be refunded and come again, and nobody else moves up.
insert into core.gift_grants (rule_id, order_id, gift_sku_id, quantity, granted_at, sku_id, min_amount_fen)
with taken as (
    select rule_id, count(*) as places
    from core.gift_grants
    group by rule_id
),

waiting as (
    select
        v.*,
        row_number() over (partition by v.rule_id order by v.bought_at, v.order_id) as place
    from gift_verdicts as v
    where not exists (
        select from core.gift_grants as g where g.rule_id = v.rule_id and g.order_id = v.order_id
    )
)

select w.rule_id, w.order_id, w.gift_sku_id, w.quantity, :now, r.sku_id, r.min_amount_fen
from waiting as w
inner join core.gift_rules as r on w.rule_id = r.rule_id
left join taken as t on w.rule_id = t.rule_id
where w.first_count is null or w.place + coalesce(t.places, 0) <= w.first_count
