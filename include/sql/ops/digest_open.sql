-- One row per severity, rule and title with open alerts, the severest first; key severity, rule_id.
select
    severity,
    rule_id,
    (array_agg(title_zh order by alert_id))[1] as title_zh,
    (array_agg(title_en order by alert_id))[1] as title_en,
    count(*) as open_count,
    count(*) filter (where raised_at < cast(:aged_before as timestamptz)) as aged_count,
    min(raised_at) as oldest_at
from ops.alerts
where closed_at is null
    and not exists (select from core.shops where shops.shop_id = alerts.shop_id and shops.is_shadow)
group by severity, rule_id
order by array_position(array['critical', 'warning', 'info'], severity), open_count desc, rule_id
