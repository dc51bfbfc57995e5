-- Ends the recalls of documents of `judged_documents` all of whose lines may leave after all; key fulfillment_order_id. A cause that
-- comes back asks again. What a WMS was asked for and has not answered waits for its answer.
with over as (
    select fulfillment_order_id
    from judged_documents
    where recall is not null
    group by fulfillment_order_id
    having bool_and(is_fine)
),

called as (
    update core.hand_recalls as h
    set
        state = 'over', ended_at = :now, ended_by = 'recall',
        recalled_for = array(select c.cause || ' (over)' from unnest(h.recalled_for) as c (cause))
    from over as x
    where h.fulfillment_order_id = x.fulfillment_order_id
)

update core.delivery_orders as d
set
    recall = null, recall_reason = null,
    recalled_for = array(select c.cause || ' (over)' from unnest(d.recalled_for) as c (cause))
from over as x
where d.fulfillment_order_id = x.fulfillment_order_id
