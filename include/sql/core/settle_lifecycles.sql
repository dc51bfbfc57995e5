-- Makes the lifecycle of platforms' and files' orders what core.shops says now: a shop went live, back into shadow mode,
-- or at another time. As transform/compile.py says it of one that is read. What a person confirmed stays live, and so
-- does what was handed over. Rows that a transform pass holds are settled by that pass.
with judged as (
    select
        o.order_id,
        o.lifecycle as before,
        case
            when o.placed_at is null or o.placed_at >= s.go_live_at then 'live'
            when o.gate = 'stop' then 'history'
            when s.is_shadow then 'live'
            else 'to_confirm'
        end as lifecycle
    from core.orders as o
    inner join core.shops as s on o.shop_id = s.shop_id
    where o.order_kind = 'sale' and o.confirmed_at is null
    for update of o skip locked
)

update core.orders as o
set lifecycle = j.lifecycle, checked_version = null
from judged as j
where o.order_id = j.order_id
    and j.before <> j.lifecycle
    and not exists (
        select from core.fulfillment_orders as f
        where f.order_id = o.order_id and not f.is_shadow and f.state in ('manifested', 'shipped')
    )
