-- One row per warehouse and SKU whose stock does not add up (invariant I6).
create view ops.verify_i6 as
with promised as (
    select warehouse_id, sku_id, sum(quantity) as pieces
    from core.reservations
    where state = 'active'
    group by warehouse_id, sku_id
),

ledger as (
    select warehouse_id, sku_id, sum(delta) as pieces
    from core.stock_ledger
    group by warehouse_id, sku_id
),

figures as (
    select
        warehouse_id,
        sku_id,
        s.on_hand,
        s.reserved,
        coalesce(p.pieces, 0) as promised,
        coalesce(l.pieces, 0) as ledger
    from core.stock as s
    full join promised as p using (warehouse_id, sku_id)
    full join ledger as l using (warehouse_id, sku_id)
)

select
    warehouse_id || ' ' || sku_id as subject,
    case
        when on_hand is null then 'has no stock row, ledger ' || ledger || ', promised ' || promised
        when reserved < 0 or reserved > on_hand then 'reserved ' || reserved || ' of on hand ' || on_hand
        when reserved <> promised then 'reserved ' || reserved || ', active reservations ' || promised
        else 'on hand ' || on_hand || ', ledger ' || ledger
    end as problem
from figures
where on_hand is null or reserved < 0 or reserved > on_hand or reserved <> promised or on_hand <> ledger;

select ops.describe('ops.verify_i6', '库存:预占与台账相符 / stock that does not add up; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
