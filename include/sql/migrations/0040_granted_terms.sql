-- A gift that an order was promised stands on the terms of that day, whatever becomes of its row in gifts.csv.
alter table core.gift_grants
    add column sku_id text collate "C",
    add column min_amount_fen bigint;
update core.gift_grants as g
set sku_id = r.sku_id, min_amount_fen = r.min_amount_fen
from core.gift_rules as r
where g.rule_id = r.rule_id;
select ops.describe('core.gift_grants', '谁得到过哪条赠品规则,按当时的条件;名额记住不变 / one row per order that a rule once gave to, on the terms of that day: a place among the first N stays its own; key rule_id, order_id.',
    'sku_id', 'it goes with this SKU of the order; null for any', 'min_amount_fen', 'it goes when the goods that are not refunded were paid with less; null for any amount');
