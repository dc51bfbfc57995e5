-- Writes the receivers of orders that are new to core, from the greatest version of each that had a receiver, as
-- changed_orders names it. A row says "absent" until one is known, and names no version then.
insert into core.receivers (
    order_id, receiver_state, name_masked, phone_masked, phone_hash, address_masked, address_hash,
    province, city, district, town, address_verdict, phone_verdict, address_evidence, token,
    version_id, merge_key
)
select
    i.order_id, coalesce(v.receiver_state, 'absent'), v.name_masked, v.phone_masked, v.phone_hash,
    v.address_masked, v.address_hash, v.province, v.city, v.district, v.town, v.address_verdict, v.phone_verdict,
    case when pg_input_is_valid(v.address_evidence, 'jsonb') then v.address_evidence::jsonb end,
    v.token, coalesce(v.version_id, ''), coalesce(v.merge_key, '')
from changed_orders as i
left join incoming_versions as v
    on v.platform = i.platform and v.staging_id = i.receiver_staging_id and v.is_receiver_known
where i.is_new
