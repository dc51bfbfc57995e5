-- Holds the orders that this pass decided to hold; key hold_id. One version of an order is
-- held once by one rule: what a person released is not held again because the figures moved.
with refused as (
    select
        encode(sha256(convert_to(concat_ws('|', d.hold_rule_id, d.order_id, d.rule_id, d.version_id), 'UTF8')), 'hex')
            as anomaly_id,
        d.hold_rule_id,
        d.order_id,
        d.version_id,
        jsonb_build_object('routing_rule', d.rule_id, 'short', short.skus) as evidence
    from decisions as d
    cross join lateral (
        select jsonb_agg(distinct figure.key) as skus
        from jsonb_array_elements(d.held_candidates) as candidate
        cross join jsonb_each(candidate -> 'figures') as figure
        where (figure.value ->> 'available')::bigint < (figure.value ->> 'needed')::bigint
    ) as short
    where d.hold_rule_id is not null
),

raised as (
    insert into core.anomalies as known (
        anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, version_id, evidence, checks_version,
        state, first_seen_at, _pass_id, raised_by
    )
    select
        anomaly_id, hold_rule_id, 'warning', 'hold', 'order', order_id, order_id, version_id, evidence, :config_version,
        'open', :now, :pass_id, 'routing'
    from refused
    on conflict (anomaly_id) do update set state = 'open', closed_at = null where known.state = 'closed'
)

insert into core.holds as known (
    hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, state, placed_at
)
select 'hold:' || anomaly_id, anomaly_id, hold_rule_id, 'order', order_id, order_id, 'active', :now
from refused
on conflict (hold_id) do update
set state = 'active', placed_at = excluded.placed_at, ended_at = null, ended_by = null, end_reason = null
where known.state = 'closed'
