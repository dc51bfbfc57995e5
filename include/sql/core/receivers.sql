-- Writes the receivers of orders that core knows, as new_receivers.sql those of new ones. What is
-- known of the person already is not replaced by less.
-- A row says "absent" until one is known, and names no version then: which empty one came first says nothing.
with source as (
    select
        i.order_id, coalesce(v.receiver_state, 'absent') as receiver_state, v.name_masked, v.phone_masked, v.phone_hash,
        v.address_masked, v.address_hash, v.province, v.city, v.district, v.town, v.address_verdict, v.phone_verdict,
        case when pg_input_is_valid(v.address_evidence, 'jsonb') then v.address_evidence::jsonb end as address_evidence,
        v.token, coalesce(v.version_id, '') as version_id, coalesce(v.merge_key, '') as merge_key
    from incoming_orders as i
    left join incoming_versions as v
        on v.platform = i.platform and v.staging_id = i.receiver_staging_id and v.is_receiver_known
    where i.order_id not in (select order_id from changed_orders where is_new)
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
where o.checked_version is not null and o.order_id = any(array(
    select touched.order_id from touched
    where not exists (select from changed_orders as c where c.order_id = touched.order_id)
))
