-- One row per shop and stream that pulls have not proven complete for too long; key shop_id, stream.
-- While the hub slept nothing was late. Shops that wait for a person are told of when they stop.
select
    g.platform,
    g.shop_id,
    s.name as shop_name,
    g.stream,
    min(g.start_at) as missing_since,
    min(g.open_since) as open_since
from ops.window_gaps as g
join core.shops as s on g.shop_id = s.shop_id and s.is_pulled
where g.kind <> 'requested'
    and g.shop_id not in (select shop_id from ops.waiting_shops)
group by g.platform, g.shop_id, s.name, g.stream
having greatest(min(g.open_since), cast(:awake_since as timestamptz)) < cast(:late_before as timestamptz)
order by g.shop_id, g.stream
