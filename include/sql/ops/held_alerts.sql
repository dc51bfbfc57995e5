-- One row: how many of the holds that this pass placed are new alerts. Holds of shops in shadow mode are alerts that
-- nobody is told of; key rule_id, subject, fingerprint.
with written as (
    insert into ops.alerts (
        rule_id, topic, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en,
        shop_id, raised_at, seen_at
    )
    select
        h.rule_id, 'held', c.severity, h.order_id, h.hold_id, c.message_zh, c.message_en, '', '',
        o.shop_id, :now, :now
    from core.holds as h
    -- By the key of each, and only then by the pass: the planner takes its orders for few and would read all of them per hold.
    cross join lateral (select shop_id, _checked_pass_id from core.orders where order_id = h.order_id offset 0) as o
    join unnest(
        cast(:rule_ids as text[]), cast(:severities as text[]), cast(:messages_zh as text[]),
        cast(:messages_en as text[])
    ) as c (rule_id, severity, message_zh, message_en) on h.rule_id = c.rule_id
    where h.state = 'active' and h.placed_at = :placed_at and o._checked_pass_id = :pass_id
    on conflict (rule_id, subject, fingerprint) where closed_at is null do nothing
    returning alert_id
)

select count(*) as new_count
from written
