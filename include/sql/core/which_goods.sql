-- Holds the replacements :orders of which nobody says which goods; key hold_id. The same question is asked once.
with asked as (
    select
        p.order_id, o.version_id,
        encode(sha256(convert_to(concat_ws('|', 'which_goods', p.order_id, p.claim), 'UTF8')), 'hex') as anomaly_id,
        jsonb_build_object('after_sale', coalesce(r.platform_refund_id, ''), 'wanted', coalesce(r.wanted_sku, '-'), 'proposed', (
            select string_agg(coalesce(l.sku_id, '?') || '×' || l.quantity, ', ' order by l.line_no, l.line_id)
            from core.order_lines as l where l.order_id = p.order_id and l.kind <> 'bundle'
        )) as evidence
    from core.replacements as p
    inner join core.orders as o on p.order_id = o.order_id
    left join core.refunds as r on p.refund_id = r.refund_id
    where p.order_id = any(:orders) and p.goods = 'asked'
),

raised as (
    insert into core.anomalies as known (
        anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, version_id, evidence, checks_version,
        state, first_seen_at, _pass_id, raised_by
    )
    select
        anomaly_id, 'which_goods', 'warning', 'hold', 'order', order_id, order_id, version_id, evidence, :config_version,
        'open', :now, :pass_id, 'after_sale'
    from asked
    on conflict (anomaly_id) do update set state = 'open', closed_at = null where known.state = 'closed'
)

insert into core.holds as known (
    hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, state, placed_at
)
select 'hold:' || anomaly_id, anomaly_id, 'which_goods', 'order', order_id, order_id, 'active', :now
from asked
on conflict (hold_id) do update
set state = 'active', placed_at = excluded.placed_at, ended_at = null, ended_by = null, end_reason = null
where known.state = 'closed'
