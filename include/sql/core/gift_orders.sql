-- One row per order of this pass that may earn a gift, or was promised one; key order_id. Orders of shops without a rule
-- are not looked at. An order of which a person told what is owed at the door, or took that back, is one of them.
create temporary table gift_orders on commit drop as
with touched as (
    select order_id, shop_id from touched_orders
    union all
    select order_id, shop_id from incoming_refunds
    union all
    select order_id, shop_id from incoming_lines
    union all
    select c.order_id, o.shop_id
    from core.corrections as c
    inner join core.orders as o on c.order_id = o.order_id and o.checked_version is distinct from o.version_id
    where c.field = 'amount'
)

select distinct order_id
from touched
where exists (select from core.gift_rules as r where r.shop_id is null)
    or shop_id in (select r.shop_id from core.gift_rules as r where r.shop_id is not null)
    or order_id in (select g.order_id from core.gift_grants as g)
