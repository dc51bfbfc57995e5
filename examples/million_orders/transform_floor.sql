-- The floor: the least that plain SQL must do with the same rows, without converters, history, holds or explanations.
-- orders: newest version per order, typed
create unlogged table floor_orders as
select distinct on (s.record_id) s.record_id as order_id, s.staging_id, p.*
from staging.miniprogram_orders as s
cross join lateral jsonb_to_record(s.payload) as p (
    status text, currency text, created_at bigint, paid_at bigint, updated_at bigint, buyer_note text, seller_note text,
    amounts jsonb, buyer jsonb, receiver jsonb)
order by s.record_id, p.updated_at desc;
-- lines: of the newest versions, typed
create unlogged table floor_lines as
select o.order_id, l.*
from floor_orders as o
join staging.miniprogram_orders as s using (staging_id)
cross join lateral jsonb_to_recordset(s.payload -> 'lines') as l (
    line_no text, sku_code text, title text, status text, qty bigint, unit_price bigint, discount bigint, paid bigint);
-- keys
alter table floor_orders add primary key (order_id);
alter table floor_lines add primary key (order_id, line_no);
-- checks: fourteen in one scan
select
    count(*) filter (where status is null), count(*) filter (where currency <> 'CNY'), count(*) filter (where paid_at < created_at),
    count(*) filter (where receiver ->> 'province' is null), count(*) filter (where receiver ->> 'province' not like '%省'),
    count(*) filter (where receiver ->> 'address_verdict' <> 'ok'), count(*) filter (where receiver ->> 'phone_verdict' <> 'ok'),
    count(*) filter (where (amounts ->> 'paid')::bigint <= 0), count(*) filter (where (amounts ->> 'goods')::bigint > 5000000),
    count(*) filter (where buyer ->> 'openid' is null), count(*) filter (where buyer_note ~ '改地址|换款|退款'),
    count(*) filter (where seller_note ~ '刷单|样品'), count(*) filter (where buyer_note ~ '发票'), count(*) filter (where updated_at < created_at)
from floor_orders;
-- duplicates: one window
select count(*) from (
    select paid_at - lag(paid_at) over (partition by buyer ->> 'openid' order by paid_at) as gap from floor_orders
) as paid where gap <= 600;
