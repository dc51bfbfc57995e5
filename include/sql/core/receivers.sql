-- Fills core.receivers: the greatest version that had a receiver; an empty one never replaces a known one, and one
-- that tells only the region (its token and masks have perished) never one that knew the person.
-- A row says "absent" until one is known, and names no version then: which empty one came first says nothing.
with ranked as (
    select
        order_id, platform, staging_id, is_receiver_known, merge_key,
        num_nonnulls(token, name_masked, phone_masked, phone_hash, address_masked, address_hash) > 0 as is_person_known
    from incoming_versions
),
greatest as (
    select distinct on (order_id) order_id, platform, staging_id
    from ranked
    order by order_id, is_person_known desc, is_receiver_known desc, merge_key desc
),
source as (
    select
        g.order_id, coalesce(v.receiver_state, 'absent') as receiver_state, v.name_masked, v.phone_masked, v.phone_hash,
        v.address_masked, v.address_hash, v.province, v.city, v.district, v.town, v.address_verdict, v.phone_verdict,
        case when pg_input_is_valid(v.address_evidence, 'jsonb') then v.address_evidence::jsonb end as address_evidence,
        v.token, coalesce(v.version_id, '') as version_id, coalesce(v.merge_key, '') as merge_key
    from greatest as g
    left join incoming_versions as v on v.platform = g.platform and v.staging_id = g.staging_id and v.is_receiver_known
),
touched as (
    insert into core.receivers as present (
        order_id, receiver_state, name_masked, phone_masked, phone_hash, address_masked, address_hash,
        province, city, district, town, address_verdict, phone_verdict, address_evidence, token,
        version_id, merge_key
    )
    select
        order_id, receiver_state, name_masked, phone_masked, phone_hash, address_masked, address_hash,
        province, city, district, town, address_verdict, phone_verdict, address_evidence, token,
        version_id, merge_key
    from source
    on conflict (order_id) do update set
        receiver_state = excluded.receiver_state, name_masked = excluded.name_masked,
        phone_masked = excluded.phone_masked, phone_hash = excluded.phone_hash,
        address_masked = excluded.address_masked, address_hash = excluded.address_hash,
        province = excluded.province, city = excluded.city, district = excluded.district, town = excluded.town,
        address_verdict = excluded.address_verdict, phone_verdict = excluded.phone_verdict,
        address_evidence = excluded.address_evidence, token = excluded.token,
        version_id = excluded.version_id, merge_key = excluded.merge_key
    where (num_nonnulls(excluded.token, excluded.name_masked, excluded.phone_masked, excluded.phone_hash,
            excluded.address_masked, excluded.address_hash) > 0, excluded.merge_key)
        > (num_nonnulls(present.token, present.name_masked, present.phone_masked, present.phone_hash,
            present.address_masked, present.address_hash) > 0, present.merge_key)
    returning order_id
)
-- A receiver that arrived with an older version changes what the checks see: this pass judges its order too.
update core.orders as o set checked_version = null
from touched
where o.order_id = touched.order_id and o.checked_version is not null
    and o._checked_pass_id is distinct from :pass_id
