-- One row per open alert, critical ones first, at most :most; key alert_id. `in_all` repeats how many there are.
select
    severity,
    rule_id,
    subject,
    title_zh,
    title_en,
    raised_at,
    told_at,
    count(*) over () as in_all
from ops.alerts
where closed_at is null
order by array_position(array['critical', 'warning', 'info'], severity), raised_at, alert_id
limit :most
