-- missed_orders
-- One row per shop, stream and Beijing day on which the platform's ids were compared with staging.
create view ops.missed_orders as
select
    platform,
    shop_id,
    stream,
    (ran_at at time zone 'Asia/Shanghai')::date as compared_date,
    sum(listed_count) as listed,
    sum(missing_count) as missed,
    sum(healed_count) as healed,
    round(sum(missing_count)::numeric / nullif(sum(listed_count), 0), 6) as missed_rate
from ops.reconciliations
group by platform, shop_id, stream, (ran_at at time zone 'Asia/Shanghai')::date;

select ops.describe('ops.missed_orders', '每店每天的漏单率 / missed-order rate; key shop_id, stream, compared_date',
    'platform', 'platform name', 'shop_id', 'our id of the shop', 'stream', 'orders, refunds, …', 'compared_date', 'Beijing day of the comparison',
    'listed', 'ids that the platform lists in windows called covered', 'missed', 'of these, not staged as new as listed',
    'healed', 'of the missed, staged by the re-pull', 'missed_rate', 'missed ÷ listed; null when nothing was listed');
