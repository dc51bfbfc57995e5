-- Holds the documents that are being called back, once for each question; key hold_id. It is seen where all holds are, and nothing of
-- the order gets another document meanwhile. What a person released is not held again.
with open_recalls as (
    select fulfillment_order_id, warehouse_id, recall_reason as reason, recalled_for, 'wms' as asked
    from core.delivery_orders
    where recall = 'requested' and state in ('pending', 'accepted', 'refused')
    union all
    select fulfillment_order_id, warehouse_id, reason, recalled_for, 'people'
    from core.hand_recalls
    where state = 'requested'
),

raised as (
    insert into core.anomalies (
        anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, version_id, evidence, checks_version,
        state, first_seen_at, _pass_id, raised_by
    )
    select
        encode(sha256(convert_to(concat_ws('|', 'recall_open', f.fulfillment_order_id, r.recalled_for), 'UTF8')), 'hex'),
        'recall_open', 'warning', 'hold', 'fulfillment_order', f.fulfillment_order_id, f.order_id, o.version_id,
        jsonb_build_object('warehouse', r.warehouse_id, 'reason', r.reason, 'asked', r.asked),
        coalesce(o.checks_version, '-'), 'open', :now, f._pass_id, 'recall'
    from open_recalls as r
    inner join core.fulfillment_orders as f on r.fulfillment_order_id = f.fulfillment_order_id and f.state = 'manifested'
    inner join core.orders as o on f.order_id = o.order_id
    on conflict do nothing
    returning anomaly_id, subject_id, order_id
)

insert into core.holds (hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, state, placed_at)
select 'hold:' || anomaly_id, anomaly_id, 'recall_open', 'fulfillment_order', subject_id, order_id, 'active', :now
from raised
