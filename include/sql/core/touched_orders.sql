-- One row per order of which something changed since an earlier pass, or that waits for nothing but time or stock; key
-- order_id. At most :most + 1. Acts of people are found by their time, transform's by its pass: a minute is no order of commits.
create temporary table touched_orders on commit drop as
with touched as (
    -- In the order of its index, as those below: of a pass that judged all, or of what is unchecked, the planner expects
    -- nearly all orders, and would read them all.
    select o.order_id
    from ops.passes as p
    cross join lateral (
        select e.order_id from core.orders as e where e._checked_pass_id = p.pass_id
        order by e._checked_pass_id, e.shop_id limit cast(:most as bigint) + 1
    ) as o
    where p.pass_id > :seen_pass_id and p.kind = 'transform'
    union all
    (
        select order_id from core.orders where checked_version is distinct from version_id
        order by order_id limit cast(:most as bigint) + 1
    )
    union all
    -- What lets them go, or stops them, is written to them by this pass itself.
    (
        select order_id from core.orders where of_order_id is not null and not is_terminal
        order by of_order_id limit cast(:most as bigint) + 1
    )
    union all
    (
        select order_id from core.orders where ship_not_before > :since and ship_not_before <= :now
        order by ship_not_before limit cast(:most as bigint) + 1
    )
    union all
    select r.order_id
    from ops.passes as p
    cross join lateral (
        select e.order_id from core.refunds as e where e._pass_id = p.pass_id
        order by e._pass_id limit cast(:most as bigint) + 1
    ) as r
    where p.pass_id > :seen_pass_id and p.kind = 'transform'
    union all
    select order_id from core.holds where placed_at > :since
    union all
    select order_id from core.holds where ended_at > :since
    union all
    select order_id from core.withholdings where decided_at > :since
    union all
    select order_id from core.corrections where made_at > :since or ended_at > :since
    union all
    select order_id from core.reservations where state = 'voided' and resolved_at > :since
    union all
    select m.order_id
    from core.manifests as x
    inner join core.manifest_lines as m on x.manifest_id = m.manifest_id
    where x.voided_at > :since
    union all
    select order_id from core.routing_decisions where outcome not in ('allocated', 'split')
    union all
    select order_id from core.tracking_writes where is_part
    union all
    select order_id from core.anomalies where rule_id = 'no_carrier' and state = 'open'
    limit cast(:most as bigint) + 1
)

select distinct order_id from touched
