-- Why a document was called back so far: what its warehouse refused is asked again when another cause comes.
alter table core.delivery_orders add column recalled_for text[] not null default '{}';
comment on column core.delivery_orders.recalled_for is
    'every cause that it was called back for: reason, and of which line or for which receiver_key; another one asks again';
alter table core.hand_recalls add column recalled_for text[] not null default '{}';
comment on column core.hand_recalls.recalled_for is
    'every cause that it was called back for: reason, and of which line or for which receiver_key; another one asks again';

-- Of what was asked before only the reason is known: it was asked of every line, and for the receiver of now.
create temporary table causes on commit drop as
select c.fulfillment_order_id, array_agg(distinct c.cause) as causes
from (
    select
        a.fulfillment_order_id,
        case
            when a.reason like 'line%' then a.reason || '#' || r.line_id
            when a.reason = 'destination_changed' then a.reason || '#' || coalesce(v.receiver_key, '')
            else a.reason
        end as cause
    from (
        select fulfillment_order_id, recall_reason as reason from core.delivery_orders where recall_reason is not null
        union all
        select fulfillment_order_id, reason from core.hand_recalls
    ) as a
    inner join core.reservations as r on a.fulfillment_order_id = r.fulfillment_order_id
    left join core.receivers as v on r.order_id = v.order_id
) as c
group by c.fulfillment_order_id;

update core.delivery_orders as d set recalled_for = c.causes from causes as c
where d.fulfillment_order_id = c.fulfillment_order_id;
update core.hand_recalls as h set recalled_for = c.causes from causes as c
where h.fulfillment_order_id = c.fulfillment_order_id;

-- Labels that their service has not taken back yet: looked for every few minutes, and there are few.
create index waybills_to_void on core.waybills (carrier_id) where state = 'void_requested';
