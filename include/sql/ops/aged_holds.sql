-- One row per active hold that is older than its limit, oldest first; key hold_id. The first entry of holds.yaml that fits says whose it is.
select
    h.hold_id,
    h.subject_id,
    h.order_id,
    h.rule_id,
    o.shop_id,
    h.placed_at,
    coalesce(care.owner, :owner) as owner,
    coalesce(care.hours, :hours) as hours
from core.holds as h
join core.orders as o using (order_id)
left join lateral (
    select given.owner, given.hours
    from unnest(
        cast(:rules as text[]), cast(:shops as text[]), cast(:owners as text[]), cast(:limits as integer[])
    ) with ordinality as given (rule_id, shop_id, owner, hours, position)
    where coalesce(given.rule_id = h.rule_id, true) and coalesce(given.shop_id = o.shop_id, true)
    order by given.position
    limit 1
) as care on true
where h.state = 'active'
    and h.placed_at <= cast(:now as timestamptz) - make_interval(hours => coalesce(care.hours, :hours))
order by h.placed_at, h.hold_id
