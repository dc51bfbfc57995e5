-- Opens the anomaly that somebody else than the checks raised, and its hold; key anomaly_id. Nothing when the rule is open already.
with raised as (
    insert into core.anomalies (
        anomaly_id, rule_id, severity, action, kind, subject_type, subject_id, order_id, version_id, evidence,
        checks_version, state, first_seen_at, _pass_id, raised_by
    )
    select
        encode(sha256(convert_to(concat_ws('|', :rule_id, o.order_id, :evidence, o.version_id), 'UTF8')), 'hex'),
        :rule_id, :severity, :action, :kind, 'order', o.order_id, o.order_id, o.version_id, cast(:evidence as jsonb),
        :checks_version, 'open', :now, coalesce(o._checked_pass_id, o._pass_id), :raised_by
    from core.orders as o
    where o.order_id = :order_id
    on conflict do nothing
    returning anomaly_id, rule_id, action, order_id
)
insert into core.holds (hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, state, placed_at)
select 'hold:' || anomaly_id, anomaly_id, rule_id, 'order', order_id, order_id, 'active', :now
from raised
where action <> 'warn'
