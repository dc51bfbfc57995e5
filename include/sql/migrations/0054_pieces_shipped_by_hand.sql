-- Why a line waits of which some pieces left is said in one form, which checks read: `part_shipped`, pieces that left, of how many.
with named as (
    update core.order_lines
    set gate_reason = 'part_shipped ' || coalesce(substring(gate_reason from '^([0-9]+) 件已发货$'), '?') || '/' || coalesce(quantity::text, '?')
    where gate = 'wait'
        and (gate_reason ~ '^[0-9]+ 件已发货$' or gate_reason in ('101 部分发货', 'partially_shipped 已发一部分'))
    returning order_id
)

update core.orders as o set checked_version = null from (select distinct order_id from named) as n where o.order_id = n.order_id;
