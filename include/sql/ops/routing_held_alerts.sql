-- One row: how many of the holds given are new alerts; key rule_id, subject, fingerprint.
with written as (
    insert into ops.alerts (
        rule_id, topic, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en, shop_id, raised_at, seen_at
    )
    select
        h.rule_id, 'held', 'warning', h.order_id, h.hold_id, w.title_zh, w.title_en, '', '', o.shop_id, :now, :now
    from core.holds as h
    join core.orders as o using (order_id)
    join unnest(cast(:rule_ids as text[]), cast(:titles_zh as text[]), cast(:titles_en as text[]))
        as w (rule_id, title_zh, title_en) on h.rule_id = w.rule_id
    where h.hold_id = any(cast(:hold_ids as text[]))
    on conflict (rule_id, subject, fingerprint) where closed_at is null do nothing
    returning alert_id
)

select count(*) as new_count
from written
