-- One row per document of `judged_documents` that must not leave as it is, or of which the rest must not, for a cause that it was
-- not called back for yet; key fulfillment_order_id. What waits for an answer is not asked again; what was refused is.
create temporary table stopped_documents on commit drop as
select
    fulfillment_order_id,
    warehouse_id,
    is_at_wms,
    recalled_for <> '{}' as is_again,
    -- A line that must not leave says more than an amount that changed.
    coalesce(min(reason) filter (where reason <> 'owed_changed'), min(reason)) as reason,
    array_agg(distinct cause) as causes
from judged_documents
where cause <> all(recalled_for) and recall is distinct from 'requested'
group by fulfillment_order_id, warehouse_id, is_at_wms, recalled_for
