-- One row per return, SKU and grade that was confirmed before, and one without a grade where nothing was; key all three.
select
    t.return_id,
    t.planned,
    l.sku_id,
    l.grade,
    coalesce(sum(l.quantity), 0)::bigint as quantity,
    array_remove(array_agg(distinct l.confirmation_id), null) as confirmations
from core.returns as t
left join core.return_lines as l on t.return_id = l.return_id
where t.return_id = any(:returns)
group by t.return_id, t.planned, l.sku_id, l.grade
order by t.return_id, l.sku_id, l.grade
