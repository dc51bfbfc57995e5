-- :orders orders as transform and checks leave them, 1.6 lines each, ready to be routed; 20,000 SKUs in five warehouses.
-- The first lines follow a Zipf law (:demand 'zipf'), are spread evenly ('uniform') or are all one SKU ('hot');
-- 5 % of the orders want a SKU that no warehouse has; 3 % hold a bundle with its parts; 1 % want three SKUs that no warehouse
-- of their rule has all of; 4 % are two orders of one buyer to one address. The number decides everything.
create temporary table bench_lines as
select
    'mp_own/MP' || lpad(n::text, 13, '0') as order_id,
    line_no,
    case
        when line_no = 1 and n % 20 = 7 then 'NOWHERE'
        when :demand = 'hot' and line_no = 1 then 'SKU-00001'
        when n % 50 = 19 then 'SKU-' || lpad((10 * (n % 1999) + line_no)::text, 5, '0')
        when :demand = 'uniform' then 'SKU-' || lpad((1 + (n * 7919 + line_no * 104729) % 20000)::text, 5, '0')
        else 'SKU-' || lpad(greatest(1, floor(exp(((n * 7919 + line_no * 104729) % 1000003) / 1000003.0 * ln(20000.0))))::text, 5, '0')
    end as sku_id,
    1 + (n % 7 = 0)::int as quantity,
    n % 33 = 5 and line_no = 1 as is_bundle
from generate_series(1::bigint, :orders) as n
cross join lateral generate_series(1, case when n % 5 < 3 then 1 else 2 + (n % 5 = 4 and n % 10 = 9)::int end) as line_no;

insert into core.orders (
    order_id, platform, shop_id, platform_order_id, customer_id, status, status_rank, is_terminal, payment_state, gate,
    lifecycle, paid_fen, paid_at, ship_by_at, version_id, merge_key, mapping_version, checked_version, _load_id, _pass_id, _seen_at
)
select
    'mp_own/MP' || lpad(n::text, 13, '0'), 'miniprogram', 'mp_own', 'MP' || lpad(n::text, 13, '0'), 'buyer-' || (n - (n % 50 = 41)::int) % 400000,
    'to_ship', 30, false, 'paid', 'ship', 'live', 5900 + n % 20000,
    cast(:now as timestamptz) - (n * 7907 % 80000) * interval '1 second', cast(:now as timestamptz) + (24 + n % 48) * interval '1 hour',
    md5(n::text), 'k', 'm', md5(n::text), 1, 1, :now
from generate_series(1::bigint, :orders) as n;

insert into core.order_lines (order_id, line_id, line_no, parent_line_id, sku_id, title, kind, quantity, paid_fen, refund_state, gate)
select order_id, line_no::text, line_no, null, case when not is_bundle then sku_id else 'SET' end, '纯棉家居用品 ' || sku_id,
    case when is_bundle then 'bundle' else 'goods' end, quantity, 5900, 'none', 'ship'
from bench_lines
union all
select order_id, line_no || '~p' || part_no, line_no, line_no::text,
    case when part_no = 1 then sku_id else 'SKU-' || lpad((20001 - part_no)::text, 5, '0') end, '部件', 'bundle_part', quantity, 2950, 'none', 'ship'
from bench_lines cross join generate_series(1, 2) as part_no
where is_bundle;

insert into core.receivers (
    order_id, receiver_state, name_masked, phone_masked, address_masked, phone_hash, address_hash, province, city, district, token,
    version_id, merge_key
)
select
    'mp_own/MP' || lpad(n::text, 13, '0'), 'masked', '李**', '138****' || lpad((n % 10000)::text, 4, '0'), '文新街道***',
    case when n % 50 in (40, 41) then 'P' || n / 2 end, case when n % 50 in (40, 41) then 'A' || n / 2 end, province, city, district, 'T' || n, md5(n::text), 'k'
from generate_series(1::bigint, :orders) as n
join (values
    (0, '浙江省', '杭州市', '西湖区'), (1, '江苏省', '南京市', '鼓楼区'), (2, '上海市', '上海市', '浦东新区'), (3, '广东省', '东莞市', null),
    (4, '四川省', '成都市', '武侯区'), (5, '新疆维吾尔自治区', '乌鲁木齐市', '天山区'), (6, '湖北省', '武汉市', '洪山区'),
    (7, '北京市', '北京市', '朝阳区')
) as r (region_no, province, city, district) on (n - (n % 50 = 41)::int) % 8 = region_no;

insert into core.stock (warehouse_id, sku_id, on_hand, counted_at)
select warehouse_id, sku_id, case when number % 10 = place then 0 else 10000000 end, :now
from unnest(array['hangzhou', 'yiwu', 'guangzhou', 'chengdu', 'tianjin']) with ordinality as w (warehouse_id, place)
cross join (select n as number, 'SKU-' || lpad(n::text, 5, '0') as sku_id from generate_series(1, 20000) as n) as s;

insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at)
select warehouse_id, sku_id, on_hand, 'opening', 'bench', :now from core.stock
