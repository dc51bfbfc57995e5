-- One row per document of this closing whose buyer has another one to the same receiver in it; key fulfillment_order_id:
-- the parcel that it leaves in, or why it leaves alone. A receiver is named by the hash that the platform gives, or
-- by ours of the whole plain address, with phone and masked name, or by the platform's answer when it was asked;
-- tokens, ciphertext and masks alone name nobody.
insert into core.merge_decisions (fulfillment_order_id, manifest_id, parcel_id, reason, decided_at)
with sieved as (
    select receiver_sieve from due_documents
    where reason is null and shop_id = any(cast(:merging_shops as text[]))
    group by receiver_sieve
    having receiver_sieve is not null and count(*) > 1
),

named as (
    select
        d.*,
        o.customer_id,
        o.payment_state,
        o.service_tags,
        f.carrier_id,
        coalesce(f.weight_g, 0) as weight_g,
        row(coalesce(a.merge_key, r.address_hash), r.phone_hash, r.province, r.city, r.district, r.town, r.name_masked)::text as receiver
    from sieved as s
    inner join due_documents as d on s.receiver_sieve = d.receiver_sieve and d.reason is null
    inner join core.fulfillment_orders as f on d.fulfillment_order_id = f.fulfillment_order_id
    inner join core.orders as o on d.order_id = o.order_id and o.order_kind = 'sale'
    inner join core.receivers as r on d.order_id = r.order_id
    left join core.merge_answers as a on d.order_id = a.order_id and r.receiver_key = a.receiver_key
    where r.phone_hash is not null or a.merge_key is not null or d.shop_id = any(:hash_shops)
),

judged as (
    select
        *,
        count(*) over (partition by shop_id, customer_id, receiver)
        - count(*) over (partition by order_id) as others,
        case
            when payment_state = 'cod_accepted' then 'cash_on_delivery'
            when payment_state <> 'paid' then 'not_paid'
            when exists (select from core.holds as h where h.order_id = named.order_id and h.state = 'active') then 'held'
            when exists (select from core.refunds as x where x.order_id = named.order_id and x.state = 'open') then 'refund_open'
            when 'transit' = any(service_tags) then 'transit'
            when count(*) over (partition by order_id) > 1 then 'in_parts'
        end as why_alone
    from named
),

counted as (
    select
        *,
        count(*) filter (where why_alone is null) over (partition by shop_id, customer_id, receiver) as mergeable,
        count(*) over with_one as with_carrier,
        row_number() over by_size <= :orders
        and sum(pieces) over by_size <= :pieces and sum(weight_g) over by_size <= :weight_g as fits
    from judged
    where others > 0
    window with_one as (partition by shop_id, customer_id, receiver, carrier_id, why_alone),
        by_size as (with_one order by pieces, fulfillment_order_id)
),

laid as (
    select
        *,
        case when fits and why_alone is null and count(*) filter (where fits) over together > 1
            then min(fulfillment_order_id) filter (where fits) over together end as parcel_id
    from counted
    window together as (partition by shop_id, customer_id, receiver, carrier_id, why_alone)
)

select
    fulfillment_order_id, :manifest_id, parcel_id,
    case
        when parcel_id is not null then 'same_receiver'
        when why_alone is not null then why_alone
        when with_carrier > 1 then 'too_large'
        when mergeable > 1 then 'other_carrier'
        else 'others_alone'
    end,
    :now
from laid
order by fulfillment_order_id
