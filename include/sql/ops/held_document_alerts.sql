-- One row: how many of the holds that a rule placed now, on documents or on orders, are new alerts; key subject, fingerprint.
with written as (
    insert into ops.alerts (
        rule_id, topic, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en,
        shop_id, raised_at, seen_at
    )
    select
        h.rule_id, 'held', :severity, h.order_id, h.hold_id, :message_zh, :message_en, '', '', o.shop_id, :now, :now
    from core.holds as h
    inner join core.orders as o on h.order_id = o.order_id
    where h.state = 'active' and h.placed_at = :placed_at and h.rule_id = :rule_id
    on conflict (rule_id, subject, fingerprint) where closed_at is null do nothing
    returning alert_id
)

select count(*) as new_count
from written
