-- One row per Beijing day, shop and check that failed; key anomaly_date, shop_id, rule_id.
create view mart.anomalies_daily as
select
    (a.first_seen_at at time zone 'Asia/Shanghai')::date as anomaly_date,
    o.platform,
    o.shop_id,
    a.rule_id,
    -- A check may change its weight during a day; the heavier word of the day is shown.
    (array_agg(a.severity order by array_position(array['critical', 'warning', 'info'], a.severity)))[1] as severity,
    (array_agg(a.action order by array_position(array['hold', 'hold_line', 'warn'], a.action)))[1] as action,
    count(*) as anomaly_count,
    count(distinct a.order_id) as order_count,
    count(*) filter (where a.state = 'open') as open_count,
    count(h.hold_id) filter (where h.state = 'active') as held_count,
    count(h.hold_id) filter (where h.state = 'released') as released_count,
    round(avg(extract(epoch from h.ended_at - h.placed_at) / 60) filter (where h.ended_at is not null), 1)
        as hold_minutes
from core.anomalies as a
join core.orders as o on a.order_id = o.order_id
left join core.holds as h on a.anomaly_id = h.anomaly_id
group by 1, o.platform, o.shop_id, a.rule_id;

select ops.describe('mart.anomalies_daily', '每天、每店、每条检查一行 / one row per Beijing day, shop and failed check; key anomaly_date, shop_id, rule_id.',
    'anomaly_date', '首次发现日 / Beijing day on which the anomaly was first seen', 'platform', 'platform name', 'shop_id', 'our id of the shop',
    'rule_id', 'the check', 'severity', 'critical, warning or info', 'action', 'hold, hold_line or warn',
    'anomaly_count', '异常数 / failed checks', 'order_count', '涉及订单数 / distinct orders', 'open_count', 'still open',
    'held_count', 'holds still active', 'released_count', 'holds that a person released',
    'hold_minutes', '平均挂起分钟数 / mean minutes a hold lasted, ended holds only');
