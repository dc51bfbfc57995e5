-- One row per order whose plain phone bought one of its SKUs on another platform at most 24 hours before.
with judged as not materialized (
    select order_id, platform, bought_at, phone_hash
    from {batch}
    where phone_hash is not null
),
-- Of almost every phone all orders are of one platform.
others as materialized (
    select own.phone_hash, other.platform
    from core.receivers as own
    join core.orders as other on other.order_id = own.order_id
    where own.phone_hash in (select phone_hash from judged)
        and not exists (select from judged where judged.order_id = own.order_id)
),
phones as materialized (
    select phone_hash
    from (select phone_hash, platform from judged union all select phone_hash, platform from others) as uses
    group by phone_hash
    having min(platform) <> max(platform)
)
select distinct on (judged.order_id)
    judged.order_id,
    earlier.order_id as earlier_order_id,
    line.sku_id
from judged
join phones using (phone_hash)
join core.receivers as shared on shared.phone_hash = judged.phone_hash
join core.orders as earlier
    on earlier.order_id = shared.order_id
    and earlier.platform <> judged.platform
    and ops.bought_at(earlier.payment_state, earlier.paid_at, earlier.placed_at)
        between judged.bought_at - interval '24 hours' and judged.bought_at
join core.order_lines as line on line.order_id = judged.order_id and line.kind = 'goods'
join core.order_lines as bought on bought.order_id = earlier.order_id and bought.sku_id = line.sku_id
order by judged.order_id, ops.bought_at(earlier.payment_state, earlier.paid_at, earlier.placed_at), earlier.order_id, line.sku_id
