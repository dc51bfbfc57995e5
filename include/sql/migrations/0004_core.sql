-- One truth: orders, their lines, their receivers, what is doubtful about them.
create table core.orders (
    order_id text collate "C" primary key,
    platform text not null,
    shop_id text not null,
    platform_order_id text not null,
    customer_id text,
    buyer_label text,
    platform_status text,
    status text not null,
    status_rank smallint not null,
    is_terminal boolean not null,
    payment_state text not null,
    gate text not null check (gate in ('ship', 'wait', 'stop')),
    gate_reason text,
    lifecycle text not null check (lifecycle in ('live', 'history', 'to_confirm')),
    currency text,
    total_fen bigint,
    discount_fen bigint,
    freight_fen bigint,
    paid_fen bigint,
    promotion_mark text,
    buyer_message text,
    seller_memo text,
    seller_flag text,
    placed_at timestamptz,
    paid_at timestamptz,
    modified_at timestamptz,
    ship_by_at timestamptz,
    unreadable_fields text[] not null default '{}',
    disagreeing_fields text[] not null default '{}',
    version_id text not null,
    merge_key text collate "C" not null,
    mapping_version text not null,
    checked_version text,
    checks_version text,
    _load_id bigint not null,
    _pass_id bigint not null,
    _checked_pass_id bigint,
    _seen_at timestamptz not null,
    unique (shop_id, platform_order_id)
);
create index orders_unchecked on core.orders (order_id) where checked_version is distinct from version_id;
create index orders_by_checked_pass on core.orders (_checked_pass_id);
select ops.describe('core.orders', 'One row per order of a shop: the winner among its versions; key order_id.',
    'order_id', 'shop_id/platform_order_id', 'platform', 'platform name', 'shop_id', 'our id of the shop',
    'platform_order_id', 'the platform''s id, text', 'customer_id', 'the platform''s stable open id of the buyer; null where it gives none',
    'buyer_label', 'masked nick, never a key', 'platform_status', 'as the platform says', 'status', 'unpaid, paid_hold, to_ship, part_shipped, shipped, done, closed, unknown',
    'status_rank', 'progress of the status; later wins a tie', 'is_terminal', 'done or closed: never reopened by an older version',
    'payment_state', 'unpaid, deposit_paid, paid, cod_accepted, refunded, unknown', 'gate', 'ship, wait or stop, by the platform''s table',
    'gate_reason', 'which status or flag decided the gate', 'lifecycle', 'live; history (before go-live); to_confirm (open at go-live)',
    'currency', 'ISO 4217', 'total_fen', 'payable, fen (minor units)', 'discount_fen', 'order-level discount, fen', 'freight_fen', 'freight, fen',
    'paid_fen', 'paid by the buyer, fen', 'promotion_mark', 'promotion ids, comma separated', 'buyer_message', 'as written by the buyer',
    'seller_memo', 'as written by the merchant', 'seller_flag', 'flag colour code', 'placed_at', 'UTC', 'paid_at', 'UTC', 'modified_at', 'UTC',
    'ship_by_at', 'UTC, the promised latest hand-over', 'unreadable_fields', 'fields whose text could not be converted',
    'disagreeing_fields', 'order-level fields on which the rows of a file disagree',
    'version_id', 'payload_sha256 of the winning version', 'merge_key', 'terminal, modified, status rank, hash: the greatest wins',
    'mapping_version', 'hash of the platform.yaml and fields.csv that mapped it', 'checked_version', 'the version the checks have judged; fulfilment needs it equal to version_id',
    'checks_version', 'hash of the suites that judged it', '_load_id', 'load of the winning version', '_pass_id', 'pass that last changed the row',
    '_checked_pass_id', 'pass that last checked the row', '_seen_at', 'UTC, when the winner was first merged');

create table core.order_lines (
    order_id text collate "C" not null references core.orders,
    line_id text collate "C" not null,
    line_no integer not null,
    platform_item_id text,
    platform_sku_id text,
    merchant_code text,
    sku_id text,
    sku_mapping_id text,
    title text,
    kind text not null check (kind in ('goods', 'gift', 'service')),
    quantity bigint,
    unit_price_fen bigint,
    discount_fen bigint,
    paid_fen bigint,
    platform_status text,
    refund_state text not null check (refund_state in ('none', 'pending', 'refunded', 'unknown')),
    gate text not null check (gate in ('ship', 'wait', 'stop')),
    gate_reason text,
    repeat_no integer not null default 1,
    unreadable_fields text[] not null default '{}',
    primary key (order_id, line_id)
);
create index order_lines_unmapped on core.order_lines (order_id) where sku_id is null;
select ops.describe('core.order_lines', 'One row per line of the winning version of an order; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the platform''s line id, or the row''s ordinal in a file', 'line_no', 'position in the order, from 1',
    'platform_item_id', 'the platform''s item', 'platform_sku_id', 'the platform''s SKU', 'merchant_code', 'code the merchant gave it on the platform',
    'sku_id', 'our SKU; null while unmapped', 'sku_mapping_id', 'which mapping row decided sku_id', 'title', 'as shown to the buyer',
    'kind', 'goods, gift or service', 'quantity', 'pieces', 'unit_price_fen', 'list price of one piece, fen', 'discount_fen', 'fen',
    'paid_fen', 'the line''s share of what was paid, fen', 'platform_status', 'as the platform says',
    'refund_state', 'none, pending, refunded, unknown', 'gate', 'ship, wait or stop', 'gate_reason', 'what decided the gate',
    'repeat_no', 'n-th identical row of its order in a file, from 1', 'unreadable_fields', 'fields whose text could not be converted');

create table core.receivers (
    order_id text collate "C" primary key references core.orders,
    receiver_state text not null check (receiver_state in ('masked', 'token', 'clear', 'absent')),
    name_masked text,
    phone_masked text,
    phone_hash text,
    address_masked text,
    address_hash text,
    province text,
    city text,
    district text,
    town text,
    address_verdict text,
    phone_verdict text,
    address_evidence jsonb,
    token text,
    version_id text not null,
    merge_key text collate "C" not null
);
select ops.describe('core.receivers', 'One row per order: the receiver of its greatest version that had one; masked values and tokens only; key order_id.',
    'order_id', 'the order', 'receiver_state', 'masked, token, clear (a file; plain text only in pii) or absent', 'name_masked', 'first character and stars',
    'phone_masked', 'first 3 and last 4 digits at most', 'phone_hash', 'keyed hash of the normalised number; null where masked',
    'address_masked', 'never finer than the platform''s own mask', 'address_hash', 'keyed hash of the normalised address; null where masked',
    'province', 'full name', 'city', 'full name; null for province-run counties', 'district', 'full name', 'town', 'street office',
    'address_verdict', 'null not evaluable; ok; else what is vague', 'phone_verdict', 'null not evaluable; ok; else what is wrong',
    'address_evidence', 'which level was literally present in free text', 'token', 'the platform''s receiver token (OAID)',
    'version_id', 'version the receiver came from', 'merge_key', 'merge key of that version');

create table core.anomalies (
    anomaly_id text primary key,
    rule_id text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    action text not null check (action in ('hold', 'hold_line', 'warn')),
    subject_type text not null check (subject_type in ('order', 'order_line')),
    subject_id text not null,
    order_id text collate "C" not null references core.orders,
    line_id text collate "C",
    version_id text not null,
    evidence jsonb not null,
    checks_version text not null,
    state text not null default 'open' check (state in ('open', 'closed')),
    first_seen_at timestamptz not null,
    closed_at timestamptz,
    _pass_id bigint not null
);
create unique index anomalies_one_open on core.anomalies (rule_id, subject_type, subject_id) where state = 'open';
create index anomalies_by_order on core.anomalies (order_id);
select ops.describe('core.anomalies', 'One row per failed check on a subject with one evidence; at most one open per rule and subject; key anomaly_id.',
    'anomaly_id', 'hash of rule, subject and evidence', 'rule_id', 'the check', 'severity', 'critical, warning or info', 'action', 'hold, hold_line or warn',
    'subject_type', 'order or order_line', 'subject_id', 'order_id, or order_id#line_id', 'order_id', 'the order', 'line_id', 'the line; null for the order',
    'version_id', 'the version that was judged', 'evidence', 'the values that failed; no personal data', 'checks_version', 'hash of the suites that judged',
    'state', 'open, or closed when the evidence is gone', 'first_seen_at', 'UTC', 'closed_at', 'UTC', '_pass_id', 'pass that opened or closed it');

create table core.holds (
    hold_id text primary key,
    anomaly_id text not null references core.anomalies,
    rule_id text not null,
    subject_type text not null check (subject_type in ('order', 'order_line', 'fulfillment_order')),
    subject_id text not null,
    order_id text collate "C" not null references core.orders,
    line_id text collate "C",
    state text not null default 'active' check (state in ('active', 'released', 'closed')),
    placed_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    end_reason text
);
create index holds_active on core.holds (order_id) where state = 'active';
select ops.describe('core.holds', 'One row per reason that stops a subject; several may coexist, each ends by itself; key hold_id.',
    'hold_id', 'hold:<anomaly_id>', 'anomaly_id', 'the anomaly that placed it', 'rule_id', 'the check',
    'subject_type', 'order, order_line or fulfillment_order', 'subject_id', 'its id', 'order_id', 'the order', 'line_id', 'the line; null for the order',
    'state', 'active; released by a person; closed when the evidence is gone', 'placed_at', 'UTC', 'ended_at', 'UTC', 'ended_by', 'who or what ended it', 'end_reason', 'why');

create table core.sku_mappings (
    mapping_id text not null,
    shop_id text not null,
    platform_sku text not null,
    sku_id text not null,
    primary key (shop_id, platform_sku)
);
select ops.describe('core.sku_mappings', 'One row per platform SKU of the active configuration; key shop_id, platform_sku.',
    'mapping_id', 'id of the row in sku_mappings.csv', 'shop_id', 'a shop, or * for all', 'platform_sku', 'normalised: NFKC, upper case', 'sku_id', 'our SKU');
