-- Lays the corrected addresses given over what the platform says; key order_id.
update core.receivers as r
set province = p.province, city = p.city, district = p.district, town = null,
    address_masked = p.address_masked, address_hash = p.address_hash,
    address_verdict = p.address_verdict, address_evidence = p.address_evidence
from core.corrections as c
cross join lateral jsonb_to_record(c.value) as p (
    province text, city text, district text, address_masked text, address_hash text,
    address_verdict text, address_evidence jsonb
)
where c.correction_id = any(cast(:ids as bigint[])) and c.state = 'active' and c.field = 'address'
    and r.order_id = c.order_id
