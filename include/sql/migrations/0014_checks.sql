-- What checks compare with, what a shop may exceed, and what stops a source until a person resumes it.
create table core.check_settings (
    shop_id text primary key,
    duplicate_minutes integer not null default 10,
    cost_floor_percent integer not null default 100,
    price_band_percent integer not null default 300,
    price_history_lines integer not null default 20,
    quantity_cap bigint not null default 999,
    order_total_cap_fen bigint not null default 5000000,
    shared_receiver_buyers integer not null default 3,
    reachable text[] not null default '{}',
    memo_hold text not null default '改(收货)?(地址|电话|手机|收件人)|(地址|电话|手机号)(写错|填错|有误|错了)|换(款|码|颜色|色|尺码|货)|换成|换(一)?[件双条个]|退款|退货|取消订单|(取消|撤销)(这单|该单|本单)|不要了|不想要|(别|不要)发(?!错|漏|混|坏|破)|先不发|不发货|暂不发|暂缓|暂停发|晚点发|延迟发|等通知',
    memo_invoice text not null default '发票|开票|专票|普票|税号',
    memo_no_ship text not null default '刷单|补单|放单|空包|拍单号|样品单',
    hold_flags text[] not null default '{}',
    no_ship_flags text[] not null default '{}',
    breaker_minimum_orders integer not null default 20,
    breaker_null_percent integer not null default 50,
    breaker_swap_percent integer not null default 80,
    high_volume_orders integer not null default 20000
);
insert into core.check_settings (shop_id) select shop_id from core.shops;
select ops.describe('core.check_settings', 'One row per shop of the active configuration: the thresholds of checks.yaml; key shop_id.',
    'shop_id', 'our id of the shop', 'duplicate_minutes', 'two equal orders of one buyer within these minutes are suspected duplicates',
    'cost_floor_percent', 'a piece paid with less than this share of its cost is held', 'price_band_percent', 'a price this many percent of the usual one, or its inverse, is still usual',
    'price_history_lines', 'past lines that make a median usual', 'quantity_cap', 'pieces of one line that nobody has to look at', 'order_total_cap_fen', 'fen of one order that nobody has to look at',
    'shared_receiver_buyers', 'buyers with one phone or address within a day that are suspicious', 'reachable', 'provinces or countries outside the mainland that a carrier reaches',
    'memo_hold', 'pattern of words that ask for a person', 'memo_invoice', 'pattern of words that ask for an invoice', 'memo_no_ship', 'pattern of words that say brushing or sample',
    'hold_flags', 'flag colours that ask for a person', 'no_ship_flags', 'flag colours that say brushing or sample',
    'breaker_minimum_orders', 'orders of one pass from which on its shares count', 'breaker_null_percent', 'share of orders without a value that stops the source',
    'breaker_swap_percent', 'share of lines a hundred times too dear or too cheap that stops the source', 'high_volume_orders', 'orders of one pass that raise an alert and stop nothing');

create table core.promotions (
    promotion_id text not null,
    shop_id text not null,
    mark text,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (starts_at < ends_at),
    duplicate_minutes integer,
    price_band_percent integer,
    is_floor_waived boolean not null,
    primary key (shop_id, promotion_id)
);
select ops.describe('core.promotions', 'One row per promotion and shop of the active configuration; key shop_id, promotion_id.',
    'promotion_id', 'id in checks.yaml', 'shop_id', 'our id of the shop', 'mark', 'a text that the order''s promotion mark contains; null: any order of the time',
    'starts_at', 'UTC, inclusive', 'ends_at', 'UTC, exclusive', 'duplicate_minutes', 'instead of the shop''s; null: the shop''s',
    'price_band_percent', 'instead of the shop''s; null: the shop''s', 'is_floor_waived', 'prices under the floor are meant');

create table core.blacklist (
    entry_id text primary key,
    kind text not null check (kind in ('customer', 'phone_hash', 'address_hash')),
    value text collate "C" not null,
    shop_id text not null,
    effect text not null check (effect in ('hold', 'no_ship')),
    reason text not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    author text not null
);
create index blacklist_by_value on core.blacklist (value);
select ops.describe('core.blacklist', 'One row per entry of blacklist.csv of the active configuration; key entry_id.',
    'entry_id', 'id of the row', 'kind', 'customer, phone_hash or address_hash', 'value', 'the platform''s open id, or the keyed hash; never a plain number',
    'shop_id', 'a shop, or * for all', 'effect', 'hold, or no_ship (suspected brushing or sample)', 'reason', 'why',
    'starts_at', 'UTC, inclusive; orders paid before are left alone', 'ends_at', 'UTC, exclusive; null: for good', 'author', 'who added it');

create table core.usual_prices (
    shop_id text not null,
    sku_id text collate "C" not null,
    unit_fen bigint not null,
    line_count bigint not null,
    business_date date not null,
    primary key (shop_id, sku_id)
);
select ops.describe('core.usual_prices', 'One row per shop and SKU sold in the trailing 30 days: what a piece usually costs; key shop_id, sku_id.',
    'shop_id', 'our id of the shop', 'sku_id', 'our SKU', 'unit_fen', 'median paid for one piece, fen', 'line_count', 'lines it was taken from',
    'business_date', 'Beijing day before whose first pass it was computed');
grant select on core.check_settings, core.promotions, core.usual_prices to orderhub_analyst;

-- The words of a message that a pattern finds, and the flag when it is one of `flags`.
-- What people wrote may hold a name or a number: only the words are returned, their digits as stars.
-- Called for messages that match only: a call costs more than the match.
create function ops.matched_words(message text, pattern text, flag text, flags text[]) returns text
language sql stable parallel safe as $$
    select concat_ws(', ',
        (select string_agg(distinct regexp_replace(left(hit[1], 12), '[0-9]', '*', 'g'), ', ')
        from regexp_matches(message, '(' || pattern || ')', 'g') as hit),
        case when flag = any (flags) then 'flag ' || flag end)
$$;
create function ops.time_contradiction(placed_at timestamptz, paid_at timestamptz, modified_at timestamptz, seen_at timestamptz)
returns text language sql stable parallel safe as $$
    select case
        when least(placed_at, paid_at) < '2000-01-01T00:00:00Z' then 'before_2000'
        when paid_at < placed_at - interval '1 minute' then 'paid_before_placed'
        when modified_at < placed_at - interval '1 minute' then 'modified_before_placed'
        when placed_at > seen_at + interval '10 minutes' then 'placed_in_future'
        when paid_at > seen_at + interval '10 minutes' then 'paid_in_future'
        when modified_at > seen_at + interval '10 minutes' then 'modified_in_future'
    end
$$;
create function ops.is_without_districts(city text) returns boolean language sql immutable parallel safe as $$
    select city is null or city in ('东莞市', '中山市', '儋州市', '嘉峪关市', '三沙市')
$$;
-- What was sold in an order, SKUs and pieces, sorted: equal for equal goods.
create function ops.goods_key(wanted text) returns text language sql stable as $$
    select string_agg(
        coalesce(sku_id, merchant_code, platform_sku_id, '?') || '*' || coalesce(quantity, 0),
        ', ' order by sku_id, merchant_code, platform_sku_id, quantity)
    from core.order_lines
    where order_id = wanted and kind in ('goods', 'bundle')
$$;
-- Functions that a view calls for each row are inlined: stable where they compare times.
-- Outside the mainland: written in Latin letters, or one of the three that need another carrier.
create function ops.is_far(province text) returns boolean language sql immutable parallel safe as $$
    select province in ('香港特别行政区', '澳门特别行政区', '台湾省') or province ~ '^[A-Za-z]'
$$;

alter table core.anomalies add column kind text check (kind in ('address', 'amount', 'duplicate')),
    add column is_false_alarm boolean not null default false,
    add column raised_by text not null default 'checks';
comment on column core.anomalies.raised_by is 'checks, or who else refused the order: waybill';
comment on column core.anomalies.kind is 'address, amount or duplicate: what streaks count; null: not counted';
comment on column core.anomalies.is_false_alarm is 'a person said so; streaks count the order as clean';

drop index core.orders_by_customer;
create index orders_by_customer on core.orders (customer_id, paid_at) where customer_id is not null;
create index receivers_by_phone on core.receivers (phone_hash) where phone_hash is not null;
create index receivers_by_address on core.receivers (address_hash) where address_hash is not null;
create index refunds_by_pass on core.refunds (_pass_id);
create index refunds_open on core.refunds (order_id) where state = 'open';

create table ops.source_stops (
    stop_id text primary key,
    shop_id text not null,
    rule_id text not null,
    evidence jsonb not null,
    stopped_at timestamptz not null,
    _pass_id bigint not null,
    resumed_at timestamptz,
    resumed_by text,
    resume_reason text
);
create unique index source_stops_open on ops.source_stops (shop_id, rule_id) where resumed_at is null;
select ops.describe('ops.source_stops', 'One row per time a check stopped a source: nothing of the shop is released until a person resumes it; key stop_id.',
    'stop_id', 'shop_id/rule_id/pass', 'shop_id', 'our id of the shop', 'rule_id', 'the check', 'evidence', 'the figures of the pass', 'stopped_at', 'UTC',
    '_pass_id', 'pass that stopped it', 'resumed_at', 'UTC; null while it stands', 'resumed_by', 'who', 'resume_reason', 'why');

create table ops.suite_versions (
    suites_version text primary key,
    files jsonb not null,
    proven_at timestamptz not null,
    is_active boolean not null
);
create unique index suite_versions_active on ops.suite_versions (is_active) where is_active;
select ops.describe('ops.suite_versions', 'One row per set of suites whose canaries were caught; key suites_version.',
    'suites_version', 'SHA-256 over suites, queries and thresholds, hex', 'files', 'suites and queries, name → text', 'proven_at', 'UTC, when the canaries were run',
    'is_active', 'judged last; used again when newer files are broken');

create table ops.streaks (
    streak_id text primary key,
    scope text not null check (scope in ('buyer', 'source')),
    kinds text[] not null,
    length integer not null check (length >= 2),
    mode text not null check (mode in ('any', 'same')),
    window_days integer not null,
    is_reset_by_clean boolean not null,
    minimum_percent integer not null
);
insert into ops.streaks values
    ('buyer', 'buyer', '{address,amount,duplicate}', 3, 'any', 30, true, 0),
    ('source', 'source', '{address,amount,duplicate}', 3, 'same', 1, true, 20);
select ops.describe('ops.streaks', 'One row per streak of checks.yaml: how many in a row escalate; key streak_id.',
    'streak_id', 'buyer or source', 'scope', 'whose orders stand in a row', 'kinds', 'kinds of checks that count', 'length', 'hits in a row',
    'mode', 'any: of any of the kinds; same: of one kind', 'window_days', 'days from the first to the last of them', 'is_reset_by_clean', 'a clean order between ends the row',
    'minimum_percent', 'share of the pass''s orders with such a hit from which on a row of a source is one');
