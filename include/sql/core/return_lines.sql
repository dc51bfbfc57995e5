-- One row per SKU and grade of a confirmation; key return_id, confirmation_id, sku_id, grade. Sellable pieces raise
-- on_hand, once, through the ledger; what a later stock figure held already does not.
with written as (
    insert into core.return_lines (
        return_id, confirmation_id, sku_id, grade, quantity, is_counted, source, confirmed_at, recorded_at
    )
    select
        c.return_id, c.confirmation_id, c.sku_id, c.grade, c.quantity,
        c.grade = 'sellable' and c.confirmed_at <= s.counted_at, :source, c.confirmed_at, :now
    from confirmed_lines as c
    left join core.stock as s on c.warehouse_id = s.warehouse_id and c.sku_id = s.sku_id
    on conflict do nothing
    returning return_id, confirmation_id, sku_id, grade, quantity, is_counted
),

raised as (
    select t.warehouse_id, w.sku_id, w.quantity, w.return_id || '#' || w.confirmation_id as source_id
    from written as w
    inner join core.returns as t on w.return_id = t.return_id
    where w.grade = 'sellable' and not w.is_counted
),

entered as (
    insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at)
    select warehouse_id, sku_id, quantity, 'returned', source_id, :now
    from raised
    order by source_id
),

put_back as (
    update core.stock as s
    set on_hand = s.on_hand + p.pieces
    from (select warehouse_id, sku_id, sum(quantity)::bigint as pieces from raised group by warehouse_id, sku_id) as p
    where s.warehouse_id = p.warehouse_id and s.sku_id = p.sku_id
)

select grade, sum(quantity)::bigint as pieces
from written
group by grade
order by grade
