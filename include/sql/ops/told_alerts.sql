-- One row per topic, rule, severity, shop and warehouse of the open alerts that are told now, and marks them as told.
-- Critical ones are told at once, others not in quiet hours; nobody is told of the orders of a shop in shadow mode, though
-- of its pulls, or of a topic told too often within the hour: the critical ones of a topic are counted by themselves, and
-- in a flood of them each waits for its share of the hour at most. What another transaction is telling now is left to it.
with lately as (
    select
        topic,
        count(distinct told_at) as message_count,
        count(distinct told_at) filter (where severity = 'critical') as urgent_count,
        max(told_at) filter (where severity = 'critical') as urgent_at
    from ops.alerts
    where told_at > cast(:now as timestamptz) - interval '1 hour'
    group by topic
),

due as (
    select alert_id
    from ops.alerts
    where closed_at is null
        and told_at is null
        and (:topics is null or topic = any(cast(:topics as text[])))
        and (severity = 'critical' or not :is_quiet)
        and (
            topic in ('late_pull', 'missed_records', 'parked_record', 'refused_range', 'stopped_shop', 'uncovered_window', 'unusable_id')
            or not exists (select from core.shops where shops.shop_id = alerts.shop_id and shops.is_shadow)
        )
        and not exists (
            select from lately
            where lately.topic = alerts.topic and case alerts.severity
                when 'critical' then urgent_count >= :messages_per_hour
                    and urgent_at > cast(:now as timestamptz) - interval '1 hour' / :messages_per_hour
                else message_count >= :messages_per_hour end
        )
    for update of alerts skip locked
),

told as (
    update ops.alerts
    set told_at = :now
    from due
    where alerts.alert_id = due.alert_id
    returning alerts.*
)

select
    topic,
    rule_id,
    severity,
    shop_id,
    warehouse_id,
    count(*) as alert_count,
    (array_agg(alert_id order by alert_id))[1:20] as example_ids,
    case when topic = 'held' then array_agg(distinct subject) end as held_orders
from told
group by topic, rule_id, severity, shop_id, warehouse_id
order by topic, array_position(array['critical', 'warning', 'info'], severity), rule_id, shop_id, warehouse_id
