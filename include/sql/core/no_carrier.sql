-- Holds the documents of this pass that no carrier takes; key anomaly_id. Once held, the same hold goes on. What only waits
-- for a carrier to work again is not held.
with nobody as (
    select f.fulfillment_order_id, f.order_id, o.version_id, k.carrier_reason_id, x.candidates
    from carrier_choices as k
    inner join core.fulfillment_orders as f
        on k.order_id = f.order_id and k.warehouse_id = f.warehouse_id and f.state = 'allocated'
        and (k.fulfillment_order_id = f.fulfillment_order_id or (k.fulfillment_order_id is null and f._pass_id = :pass_id))
    inner join core.orders as o on f.order_id = o.order_id
    inner join core.carrier_reasons as x on k.carrier_reason_id = x.reason_id
    where k.carrier_id is null and not k.is_waiting
),

worded as (
    select
        n.fulfillment_order_id, n.order_id, n.version_id,
        jsonb_build_object('carriers', (
            select string_agg((c ->> 'carrier') || ' ' || (c ->> 'why'), ', ' order by c ->> 'carrier')
            from jsonb_array_elements(n.candidates -> 'carriers') as c
        )) as evidence
    from nobody as n
),

raised as (
    insert into core.anomalies (
        anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, version_id, evidence,
        checks_version, state, first_seen_at, _pass_id, raised_by
    )
    select
        encode(sha256(convert_to(concat_ws('|', 'no_carrier', fulfillment_order_id, evidence, version_id), 'UTF8')), 'hex'),
        'no_carrier', 'critical', 'hold', 'fulfillment_order', fulfillment_order_id, order_id, version_id, evidence,
        :config_version, 'open', :now, :pass_id, 'carrier'
    from worded
    where not exists (
        select from core.anomalies as a
        where a.rule_id = 'no_carrier' and a.subject_type = 'fulfillment_order'
            and a.subject_id = worded.fulfillment_order_id and a.state = 'open'
    )
    on conflict (anomaly_id) do update set state = 'open', closed_at = null, _pass_id = excluded._pass_id
    returning anomaly_id, subject_id, order_id
)

insert into core.holds as known (
    hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, state, placed_at
)
select 'hold:' || anomaly_id, anomaly_id, 'no_carrier', 'fulfillment_order', subject_id, order_id, 'active', :now
from raised
on conflict (hold_id) do update
set state = 'active', placed_at = excluded.placed_at, ended_at = null, ended_by = null, end_reason = null
where known.state = 'closed'
