-- Goods master, bundles, gift rules; what an order carries beyond its lines; the steps of its life.
create table core.skus (
    sku_id text collate "C" primary key,
    name text not null,
    barcode text,
    weight_g integer not null check (weight_g > 0),
    is_weight_assumed boolean not null,
    cost_fen bigint,
    list_price_fen bigint,
    tags text[] not null default '{}',
    kind text not null check (kind in ('goods', 'bundle', 'gift', 'service')),
    locations jsonb not null default '{}'
);
select ops.describe('core.skus', '商品档案:每个编码一行 / the goods master of the active configuration: one row per SKU; key sku_id.',
    'sku_id', 'our SKU', 'name', '品名 / as people call it', 'barcode', '条码 / as scanned', 'weight_g', '克 / grams of one piece',
    'is_weight_assumed', '没填重量,用默认值 / the file gives no weight: the default', 'cost_fen', '成本,分 / fen', 'list_price_fen', '吊牌价,分 / fen',
    'tags', '标签 / words for rules and reports', 'kind', 'goods, bundle (组合装), gift or service (补差价、运费: nothing is sent)',
    'locations', '仓库 → 库位 / warehouse → shelf');
grant select on core.skus to orderhub_analyst;

create table core.bundle_parts (
    bundle_sku_id text collate "C" not null references core.skus on delete cascade,
    part_no integer not null,
    part_sku_id text collate "C" not null,
    quantity bigint not null check (quantity > 0),
    weight bigint not null,
    total_weight bigint not null,
    earlier_weights bigint[],
    list_price_fen bigint,
    primary key (bundle_sku_id, part_no)
);
select ops.describe('core.bundle_parts', '组合装明细,每个部件一行;0 号是组合装自己 / one row per part of a bundle; part 0 is the bundle itself; key bundle_sku_id, part_no.',
    'bundle_sku_id', 'the bundle', 'part_no', 'from 1; 0 is the bundle itself', 'part_sku_id', 'the part', 'quantity', 'pieces in one bundle',
    'weight', '分摊权重:吊牌价 × 件数 / list price × pieces: how the paid amount is shared', 'total_weight', 'sum over the parts',
    'earlier_weights', 'of the last part: the weights of the others, so that it takes the fen that are left', 'list_price_fen', 'of one piece of the part');
grant select on core.bundle_parts to orderhub_analyst;

alter table core.order_lines
    drop constraint order_lines_kind_check,
    add constraint order_lines_kind_check check (kind in ('goods', 'bundle', 'bundle_part', 'gift', 'service')),
    add column parent_line_id text collate "C",
    add column gift_rule_id text;
select ops.describe('core.order_lines', 'One row per line of the winning version of an order, per part of a bundle, and per gift of the hub; key order_id, line_id.',
    'line_id', 'the platform''s line id, or the row''s ordinal in a file; parent~pN for a part, ~gift:rule for a gift of ours',
    'kind', 'goods, bundle (sold as one, its parts ship), bundle_part, gift or service (nothing ships)',
    'parent_line_id', 'the bundle of a part, or the line that earned a gift; it waits and stops with that',
    'gift_rule_id', 'the row of gifts.csv that gave it; null for what the platform sold or gave',
    'paid_fen', 'the line''s share of what was paid, fen; a bundle''s is shared over its parts by list price');

alter table core.orders
    add column ship_not_before timestamptz,
    add column invoice_kind text,
    add column invoice_title text,
    add column payment_method text,
    add column payment_no text;
select ops.describe('core.orders', 'One row per order of a shop: the winner among its versions; key order_id.',
    'ship_by_at', 'UTC, the promised latest hand-over; moves when the platform extends it',
    'ship_not_before', 'UTC, the earliest hand-over the buyer or the presale allows; not routed before',
    'invoice_kind', 'as the platform says; null when no invoice is wanted', 'invoice_title', 'a company''s name; a person''s is masked',
    'payment_method', 'as the platform says', 'payment_no', 'the payment''s number at the platform or its bank');

create table core.gift_rules (
    rule_id text primary key,
    gift_sku_id text collate "C" not null,
    quantity bigint not null check (quantity > 0),
    shop_id text,
    sku_id text collate "C",
    min_amount_fen bigint,
    since_at timestamptz,
    until_at timestamptz,
    first_count bigint
);
select ops.describe('core.gift_rules', '满赠规则:gifts.csv 的每行 / one row per gift rule of the active configuration; key rule_id.',
    'rule_id', 'id of the row in gifts.csv', 'gift_sku_id', 'what is given', 'quantity', 'pieces', 'shop_id', 'only this shop; null for all',
    'sku_id', 'only with this SKU in the order', 'min_amount_fen', 'only when goods that are not refunded were paid with at least this',
    'since_at', 'UTC, paid from then on', 'until_at', 'UTC, paid before', 'first_count', 'only the first N orders, by payment time, then by id');

create table core.gift_grants (
    rule_id text not null,
    order_id text collate "C" not null references core.orders,
    gift_sku_id text collate "C" not null,
    quantity bigint not null,
    granted_at timestamptz not null,
    primary key (rule_id, order_id)
);
create index gift_grants_by_order on core.gift_grants (order_id);
select ops.describe('core.gift_grants', '谁得到过哪条赠品规则;名额记住不变 / one row per order that a rule once gave to: a place among the first N stays its own; key rule_id, order_id.',
    'rule_id', 'the rule', 'order_id', 'the order', 'gift_sku_id', 'what was given', 'quantity', 'pieces', 'granted_at', 'UTC');
grant select on core.gift_rules, core.gift_grants to orderhub_analyst;
