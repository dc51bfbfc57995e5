-- What was confirmed as sellable after the reading's as-of is not in its figures, and lies there now.
with returned as (
    select l.sku_id, sum(l.quantity) as pieces
    from core.return_lines as l
    inner join core.returns as t on l.return_id = t.return_id
    where t.warehouse_id = :warehouse_id and l.grade = 'sellable' and l.confirmed_at > :as_of
    group by l.sku_id
)

update counts as c
set on_hand = c.on_hand + r.pieces
from returned as r
where c.sku_id = r.sku_id
