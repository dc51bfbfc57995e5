-- One row per line of which its platform says that some pieces left that we told it nothing of, while others have not; key
-- order_id, line_id. What is left is a person's to say, by a correction of the quantity; it counts for as long as no more pieces
-- leave without us. Pieces of bundles are not counted against those of their parts: what we told of one is ours.
create view core.hand_shipped_lines as
select
    l.order_id,
    l.line_id,
    p.by_hand,
    p.by_hand || '/' || s.said[2] as shipped_part,
    exists (
        select from core.corrections as c
        where c.order_id = l.order_id and c.line_id = l.line_id and c.field = 'quantity'
            and c.state = 'active' and c.is_applied and c.base_value ->> 'by_hand' = p.by_hand
    ) as is_settled
from core.order_lines as l
-- Whole, because a platform may have a status of the same name: its reason is no number.
cross join lateral (select regexp_match(l.gate_reason, '^part_shipped ([0-9]{1,9}|[?])/([0-9]+|[?])$') as said) as s
cross join lateral (
    select coalesce(sum(x.quantity), 0) as pieces
    from core.shipment_lines as x
    inner join core.tracking_writes as t on x.shipment_id = t.shipment_id and x.order_id = t.order_id
    where x.order_id = l.order_id and t.state in ('told', 'by_hand', 'settled')
        and (x.line_id = l.line_id or starts_with(x.line_id, coalesce(l.parent_line_id, l.line_id) || '~p'))
) as told
cross join lateral (
    select case
        when s.said[1] = '?' or l.kind <> 'goods' then case when told.pieces = 0 then s.said[1] end
        when s.said[1]::bigint > told.pieces then (s.said[1]::bigint - told.pieces)::text
    end as by_hand
) as p
where l.gate = 'wait' and l.kind in ('goods', 'bundle', 'bundle_part') and s.said is not null and p.by_hand is not null;

select ops.describe('core.hand_shipped_lines', '平台上手工发了一部分件数的订单行 / one row per line of which some pieces left without us while others have not; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the line', 'by_hand', 'pieces that left without us; ? where the platform does not say how many',
    'shipped_part', 'the same, of how many', 'is_settled', 'a person who knew of them said how many pieces are left to ship');
grant select on core.hand_shipped_lines to orderhub_analyst;
