-- One row per order of a platform or a file whose lifecycle is not what core.shops says now: a shop went live, back into
-- shadow mode, or at another time; key order_id. As transform/compile.py says it of one that is read. What a person
-- confirmed stays live, and so does what was handed over.
create view core.moved_lifecycles as
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
)

select order_id, lifecycle
from judged as j
where before <> lifecycle
    and not exists (
        select from core.fulfillment_orders as f
        where f.order_id = j.order_id and not f.is_shadow and f.state in ('manifested', 'shipped')
    );

select ops.describe('core.moved_lifecycles', '上线时间变了、还没改过来的订单 / one row per order whose lifecycle is not what its shop says now; empty after the next transform pass; key order_id.',
    'order_id', 'the order', 'lifecycle', 'what it becomes: live, to_confirm or history');
grant select on core.moved_lifecycles to orderhub_analyst;
