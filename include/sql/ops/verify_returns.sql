-- One row per return of which more came than was announced, and per difference between its sellable lines and the ledger.
create view ops.verify_returns as
select
    l.return_id || ' ' || l.sku_id as subject,
    sum(l.quantity) || ' pieces came, announced ' || coalesce(t.planned ->> l.sku_id, '0') as problem
from core.return_lines as l
inner join core.returns as t on l.return_id = t.return_id
group by l.return_id, l.sku_id, t.planned
having sum(l.quantity) > coalesce((t.planned ->> l.sku_id)::bigint, 0)
union all
select
    coalesce(r.source_id, g.source_id) || ' ' || coalesce(r.sku_id, g.sku_id),
    coalesce(r.pieces, 0) || ' sellable pieces came, the ledger has ' || coalesce(g.delta, 0)
from (
    select l.return_id || '#' || l.confirmation_id as source_id, t.warehouse_id, l.sku_id, sum(l.quantity) as pieces
    from core.return_lines as l
    inner join core.returns as t on l.return_id = t.return_id
    where l.grade = 'sellable' and not l.is_counted
    group by 1, 2, 3
) as r
full join (
    select source_id, warehouse_id, sku_id, delta from core.stock_ledger where reason = 'returned'
) as g on r.source_id = g.source_id and r.warehouse_id = g.warehouse_id and r.sku_id = g.sku_id
where r.pieces is distinct from g.delta;

select ops.describe('ops.verify_returns', '退货:良品恰好入库一次 / returns that do not agree with what was announced or with the ledger; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
