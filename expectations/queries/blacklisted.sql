-- One row per order whose buyer, phone or address stands on the blacklist; the evidence is the entry, never the person.
-- From the list to the orders: the list is short.
with judged as (
    select order_id, shop_id, paid_at, placed_at, customer_id, phone_hash, address_hash
    from {batch}
),
entries as (
    select * from core.blacklist where effect = 'hold'
),
named as (
    select judged.*, entry.entry_id, entry.shop_id as listed_shop_id, entry.starts_at, entry.ends_at
    from judged join entries as entry on entry.kind = 'customer' and entry.value = judged.customer_id
    union all
    select judged.*, entry.entry_id, entry.shop_id, entry.starts_at, entry.ends_at
    from judged join entries as entry on entry.kind = 'phone_hash' and entry.value = judged.phone_hash
    union all
    select judged.*, entry.entry_id, entry.shop_id, entry.starts_at, entry.ends_at
    from judged join entries as entry on entry.kind = 'address_hash' and entry.value = judged.address_hash
)
select distinct on (order_id)
    order_id,
    entry_id
from named
where listed_shop_id in (shop_id, '*')
    and coalesce(paid_at, placed_at) >= starts_at
    and (ends_at is null or coalesce(paid_at, placed_at) < ends_at)
order by order_id, entry_id
