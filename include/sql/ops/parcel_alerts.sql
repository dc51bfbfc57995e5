-- One row per thing about parcels on their way that a person must look at; key rule, subject.
select
    'tracking_refused' as rule,
    w.shop_id,
    w.order_id as subject,
    min(w.reason || ' ' || s.carrier_code || ' ' || s.tracking_number) as detail
from core.tracking_writes as w
inner join core.shipments as s on w.shipment_id = s.shipment_id
where w.state = 'refused'
group by w.shop_id, w.order_id
union all
select
    'shipped_with_refund',
    w.shop_id,
    w.order_id,
    min(s.carrier_code || ' ' || s.tracking_number)
from core.tracking_writes as w
inner join core.shipments as s on w.shipment_id = s.shipment_id
where w.state = 'waiting' and w.reason = 'refund_open'
group by w.shop_id, w.order_id
union all
select
    'unknown_carrier_code',
    w.shop_id,
    w.shop_id || ':' || s.carrier_code,
    count(*)::text
from core.tracking_writes as w
inner join core.shipments as s on w.shipment_id = s.shipment_id
where w.state = 'waiting' and w.reason = 'unknown_carrier'
group by w.shop_id, s.carrier_code
union all
select
    'tracking_untold',
    shop_id,
    shop_id,
    count(*) || ', ' || coalesce(max(answer), '-')
from core.tracking_writes
where state = 'waiting' and coalesce(reason, '') not in ('refund_open', 'unknown_carrier')
    and (recorded_at < :untold_before or reason = 'account_refused')
group by shop_id
union all
select
    'tracking_by_hand',
    w.shop_id,
    w.shop_id,
    count(*)::text
from core.tracking_writes as w
left join core.shops as s on w.shop_id = s.shop_id
where w.state in ('by_hand', 'noted')
    -- Of a shop that left the configuration, as of one that is pulled: the platform knows nothing of what left.
    and coalesce(s.is_pulled, exists (select from ops.pull_windows as p where p.shop_id = w.shop_id))
group by w.shop_id
union all
select
    'no_collection_scan',
    o.shop_id,
    s.carrier_code || ' ' || s.tracking_number,
    string_agg(s.order_id, ', ' order by s.order_id) || ', ' || s.warehouse_id
from core.shipments as s
inner join core.orders as o on s.order_id = o.order_id
where s.collected_at is null and s.traced_at is not null
    and s.shipped_at < :uncollected_before and s.shipped_at > :forgotten_before
group by o.shop_id, s.carrier_code, s.tracking_number, s.warehouse_id
order by 1, 2, 3
