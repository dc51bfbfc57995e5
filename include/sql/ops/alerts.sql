-- One row: how many of the alerts given were not open before; key rule_id, subject, fingerprint.
-- What is open already is seen again, and keeps its text and its severity.
with written as (
    insert into ops.alerts as known (
        rule_id, topic, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en,
        shop_id, warehouse_id, link, raised_at, seen_at
    )
    select
        rule_id, rule_id, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en,
        shop_id, warehouse_id, link, :now, :now
    from unnest(
        cast(:rule_id as text[]), cast(:severity as text[]), cast(:subject as text[]),
        cast(:fingerprint as text[]), cast(:title_zh as text[]), cast(:title_en as text[]),
        cast(:text_zh as text[]), cast(:text_en as text[]), cast(:shop_id as text[]),
        cast(:warehouse_id as text[]), cast(:link as text[])
    ) as raised (
        rule_id, severity, subject, fingerprint, title_zh, title_en, text_zh, text_en,
        shop_id, warehouse_id, link
    )
    on conflict (rule_id, subject, fingerprint) where closed_at is null do update
    set seen_at = excluded.seen_at
    returning xmax = 0 as is_new
)

select count(*) filter (where is_new) as new_count
from written
