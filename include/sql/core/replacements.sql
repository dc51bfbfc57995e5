-- One row per replacement that is new, or whose goods changed before a manifest had them; key order_id.
-- Once per after-sale: its number is the order's. What a person answered stays.
insert into core.replacements as present (
    order_id, of_order_id, refund_id, kind, case_no, goods, claim, reason, made_by, made_at, _pass_id
)
select
    order_id, of_order_id, refund_id, kind, case_no, min(goods),
    md5(string_agg(concat_ws('|', goods, line_id, sku_id, quantity), ',' order by line_id)),
    min(reason), :made_by, :now, :pass_id
from replacement_claims as c
where not exists (select from core.orders as x where x.order_id = c.order_id and x.order_kind = 'sale')
    and not exists (select from core.replacements as x where x.refund_id = c.refund_id and x.order_id <> c.order_id)
group by order_id, of_order_id, refund_id, kind, case_no
on conflict (order_id) do update set goods = excluded.goods, claim = excluded.claim
where present.claim <> excluded.claim and present.goods <> 'answered' and present.refund_id = excluded.refund_id
    and not exists (
        select from core.manifest_lines as m where m.order_id = present.order_id and not m.is_void
    )
returning order_id
