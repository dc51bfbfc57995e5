-- Notes what the platform says now of the fields of the corrections given, whose rows in core show it; key correction_id.
-- `said` and `goods` are what is compared: another one is a change of the platform's. Where lines have no ids, the same
-- line may be other goods by now: a quantity is of the goods that it was said of. Of a line that is gone nothing is said.
with addresses as (
    select
        c.correction_id,
        jsonb_build_object(
            'said', coalesce(
                r.address_hash, concat_ws('|', r.province, r.city, r.district, r.town, r.address_masked)
            ),
            'province', r.province, 'city', r.city, 'district', r.district, 'town', r.town,
            'address_masked', r.address_masked, 'address_hash', r.address_hash,
            'address_verdict', r.address_verdict, 'address_evidence', r.address_evidence
        ) as value,
        concat(
            coalesce(r.address_masked, concat(r.province, r.city, r.district)), ' #' || left(r.address_hash, 6)
        ) as shown
    from core.corrections as c
    left join core.receivers as r on c.order_id = r.order_id
    where c.field = 'address' and c.correction_id = any(cast(:ids as bigint[]))
),

-- Nothing and 0 are no amount: some platforms tell it after the delivery only.
amounts as (
    select
        c.correction_id,
        jsonb_build_object('said', owed.fen::text, 'paid_fen', o.paid_fen, 'payment_state', o.payment_state) as value,
        case when owed.fen = 0 then '没有说 / not told' else (owed.fen / 100.0)::numeric(20, 2)::text end as shown
    from core.corrections as c
    inner join core.orders as o on c.order_id = o.order_id
    cross join lateral (select greatest(coalesce(o.paid_fen, 0), 0) as fen) as owed
    where c.field = 'amount' and c.correction_id = any(cast(:ids as bigint[]))
),

lines as (
    select
        c.correction_id,
        case
            when l.line_id is null then '{"said": null}'
            when c.field = 'quantity' then jsonb_build_object(
                'said', l.quantity::text, 'quantity', l.quantity,
                'goods', concat_ws('|', l.platform_item_id, l.platform_sku_id, l.merchant_code),
                'by_hand', (
                    select h.by_hand from core.hand_shipped_lines as h where h.order_id = l.order_id and h.line_id = l.line_id
                )
            )
            else jsonb_build_object(
                'said', concat_ws('|', l.platform_item_id, l.platform_sku_id, l.merchant_code),
                'sku_id', l.sku_id, 'sku_mapping_id', l.sku_mapping_id
            )
        end as value,
        case
            when l.line_id is null then '没有这一行了 / no such line any more'
            when c.field = 'quantity' then coalesce(l.quantity::text, '?')
            else concat(coalesce(l.merchant_code, l.platform_sku_id, '?'), ' → ' || l.sku_id)
        end as shown
    from core.corrections as c
    left join core.order_lines as l on c.order_id = l.order_id and c.line_id = l.line_id
    where c.field in ('sku', 'quantity') and c.correction_id = any(cast(:ids as bigint[]))
),

read as (
    select * from addresses
    union all
    select * from amounts
    union all
    select * from lines
)

update core.corrections as c
set platform_value = read.value, platform_shown = read.shown
from read
where c.correction_id = read.correction_id
