-- One row per order whose buyer, phone or address stands on the blacklist; the evidence is the entry, never the person.
with keyed as (
    select order_id, shop_id, coalesce(paid_at, placed_at) as bought_at, keys.kind, keys.value
    from {batch}
    cross join lateral (
        values ('customer', customer_id), ('phone_hash', phone_hash), ('address_hash', address_hash)
    ) as keys (kind, value)
    where keys.value is not null
)
select distinct on (keyed.order_id)
    keyed.order_id,
    entry.entry_id
from keyed
join core.blacklist as entry on entry.kind = keyed.kind and entry.value = keyed.value
where entry.effect = 'hold'
    and entry.shop_id in (keyed.shop_id, '*')
    and keyed.bought_at >= entry.starts_at
    and (entry.ends_at is null or keyed.bought_at < entry.ends_at)
order by keyed.order_id, entry.entry_id
