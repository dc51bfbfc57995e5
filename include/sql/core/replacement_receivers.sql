-- One row per replacement whose receiver is not that of its order: copied, and again when that changed; key order_id.
with stale as (
    update core.replacements as p
    set receiver_key = s.receiver_key
    from core.receivers as s
    where p.of_order_id = s.order_id and p.receiver_key is distinct from s.receiver_key
    returning p.order_id, p.of_order_id
)

insert into core.receivers (
    order_id, receiver_state, name_masked, phone_masked, phone_hash, address_masked, address_hash, province, city, district,
    town, address_verdict, phone_verdict, address_evidence, token, version_id, merge_key
)
select
    n.order_id, r.receiver_state, r.name_masked, r.phone_masked, r.phone_hash, r.address_masked, r.address_hash, r.province,
    r.city, r.district, r.town, r.address_verdict, r.phone_verdict, r.address_evidence, r.token, r.version_id, r.merge_key
from stale as n
inner join core.receivers as r on n.of_order_id = r.order_id
on conflict (order_id) do update set
    receiver_state = excluded.receiver_state, name_masked = excluded.name_masked, phone_masked = excluded.phone_masked,
    phone_hash = excluded.phone_hash, address_masked = excluded.address_masked, address_hash = excluded.address_hash,
    province = excluded.province, city = excluded.city, district = excluded.district, town = excluded.town,
    address_verdict = excluded.address_verdict, phone_verdict = excluded.phone_verdict,
    address_evidence = excluded.address_evidence, token = excluded.token, version_id = excluded.version_id,
    merge_key = excluded.merge_key
