-- Stages :orders orders, from number :first on, of one shop as its platform's pull leaves them, 1.6 lines and 1.5 kB each: a tenth came in two
-- versions, 3 % of the lines are bundles, 5 % of the orders are doubtful. Deterministic: the number decides everything.
with numbers as (
    select
        n, version,
        'MP' || lpad(n::text, 13, '0') as order_no,
        extract(epoch from cast(:now as timestamptz))::bigint - 90000 + n % 86400 as placed,
        n * 7919 % 1000 as dice,
        case when n % 5 < 3 then 1 else 2 + (n % 5 = 4 and n % 10 = 9)::int end as line_count
    from generate_series(cast(:first as bigint), cast(:first as bigint) + :orders - 1) as n
    cross join lateral generate_series(1, case when n % 10 = 0 then 2 else 1 end) as version
),
skus as (
    select platform_sku, row_number() over (order by platform_sku) - 1 as sku_no, count(*) over () as sku_count
    from core.sku_mappings where shop_id = '*' and platform_sku !~ '^(GIFT|SET)'
),
regions as (
    select * from (values
        (0, '浙江省', '杭州市', '西湖区'), (1, '江苏省', '南京市', '鼓楼区'), (2, '上海市', '上海市', '浦东新区'),
        (3, '广东省', '东莞市', null), (4, '四川省', '成都市', '武侯区'), (5, '新疆维吾尔自治区', '乌鲁木齐市', '天山区'),
        (6, '湖北省', null, '仙桃市'), (7, '北京市', '北京市', '朝阳区')) as r (region_no, province, city, district)
),
lines as (
    select
        numbers.n, numbers.version,
        sum(price * qty) as goods, sum(price * qty - 500) as paid,
        jsonb_agg(jsonb_build_object(
            'line_no', numbers.order_no || '-' || line_no, 'item_id', 635400000000 + sku_no, 'is_gift', false,
            'sku_id', (4600000000000 + sku_no)::text, 'title', '纯棉家居用品 ' || skus.platform_sku,
            'sku_code', code,
            'spec', '颜色分类:灰色;尺码:XL', 'status', 'paid', 'refund_status', 'none', 'qty', qty, 'shipped_qty', 0,
            'refunded_qty', 0, 'unit_price', price, 'adjustment', 0, 'discount', 0, 'shared_discount', 500,
            'paid', price * qty - 500, 'bundle', '[]'::jsonb) order by line_no) as lines
    from numbers
    cross join lateral generate_series(1, line_count) as line_no
    join skus on sku_no = (n * 31 + line_no * 17) % sku_count
    cross join lateral (select case
        when dice between 10 and 19 then 'UNKNOWN-' || n % 50
        when n * 3 % 97 < 3 then (array['SET-TS-001', 'SET-HD-004', 'SET-MG-011', 'SET-TB-013'])[1 + n % 4]
        else skus.platform_sku end as code) as coded
    left join core.sku_mappings as sold on sold.shop_id = '*' and sold.platform_sku = code
    left join core.skus as known on known.sku_id = sold.sku_id
    cross join lateral (select coalesce(known.list_price_fen, 5900) as price, 1 + (n % 7 = 0)::int as qty) as bought
    group by numbers.n, numbers.version
),
payloads as (
    select numbers.*, jsonb_build_object(
        'order_no', order_no, 'status', 'paid', 'hold_reason', null, 'ship_hold', false, 'created_at', placed,
        'paid_at', placed + 60, 'shipped_at', null, 'closed_at', null, 'updated_at', placed + 60 * version, 'currency', 'CNY',
        'amounts', jsonb_build_object('goods', goods, 'freight', 0, 'discount', 500 * line_count, 'deposit', 0,
            'paid', paid + case when dice between 20 and 29 then 1000 else 0 end),
        'buyer', jsonb_build_object('openid', 'AAH' || md5((n % 399989)::text), 'unionid', 'u' || md5((n % 399989)::text), 'nickname', 'k**'),
        'receiver', jsonb_build_object('name_masked', '李**', 'phone_masked', '138****' || lpad((n % 10000)::text, 4, '0'),
            'phone_hash', md5((n % 399989)::text), 'address_masked', '文新街道***', 'address_hash', md5('at ' || n % 399989),
            'province', case when dice between 30 and 34 then '未知' else province end, 'city', city, 'district', district,
            'town', '文新街道', 'address_verdict', case when dice between 0 and 9 then 'too_short' else 'ok' end,
            'phone_verdict', 'ok', 'receiver_state', 'clear'),
        'payment', jsonb_build_object('method', 'wechat_pay', 'mchid', '1601234567', 'out_trade_no', order_no,
            'transaction_id', '4200002447' || lpad(n::text, 18, '0'), 'payer_openid', 'AAH' || md5((n % 399989)::text)),
        'lines', lines, 'shipments', '[]'::jsonb,
        'buyer_note', case when dice between 35 and 44 then '改地址:寄到公司' when n % 6 = 0 then '谢谢,尽快发货' else '' end,
        'seller_note', '', 'seller_flag', 0, 'promotion_tags', '["full_reduction"]'::jsonb, 'service_tags', '[]'::jsonb) as payload
    from numbers join lines using (n, version) join regions on region_no = n % 8
)
insert into staging.miniprogram_orders (load_id, shop_id, record_id, modified_at, payload, payload_sha256, position, fetched_at)
select (n - :first) / 10000 + :first_load, :shop_id, order_no, to_timestamp(placed + 60 * version), payload,
    encode(sha256(convert_to(order_no || version, 'utf8')), 'hex'), n % 10000, cast(:now as timestamptz)
from payloads
