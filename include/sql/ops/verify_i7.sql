-- One row per reservation or document that is not resolved exactly once (invariant I7, two-phase).
create view ops.verify_i7 as
select
    order_id || '#' || line_id as subject,
    count(*) filter (where state = 'active') || ' active and ' || count(*) filter (where state = 'posted')
    || ' posted reservations' as problem
from core.reservations
where state in ('active', 'posted')
group by order_id, line_id
having count(*) > 1
union all
select
    reservation_id,
    'is ' || state || case when resolved_at is null then ' without' else ' with' end || ' a resolution'
from core.reservations
where (state = 'active') <> (resolved_at is null) or (state <> 'active' and resolution is null)
union all
select
    f.fulfillment_order_id,
    'is ' || f.state || ' with ' || coalesce(r.active, 0) || ' active and ' || coalesce(r.posted, 0)
    || ' posted reservations'
from core.fulfillment_orders as f
left join (
    select
        fulfillment_order_id,
        count(*) filter (where state = 'active') as active,
        count(*) filter (where state = 'posted') as posted
    from core.reservations
    group by fulfillment_order_id
) as r on f.fulfillment_order_id = r.fulfillment_order_id
where (f.state = 'allocated' and (coalesce(r.active, 0) = 0 or r.posted > 0))
    or (f.state = 'manifested' and coalesce(r.active, 0) + coalesce(r.posted, 0) = 0)
    or (f.state = 'shipped' and (r.active > 0 or coalesce(r.posted, 0) = 0))
    or (f.state = 'cancelled' and (r.active > 0 or r.posted > 0));

select ops.describe('ops.verify_i7', '两阶段:预占恰好了结一次 / reservations not resolved exactly once; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
