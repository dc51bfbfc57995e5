-- After-sales of every platform in one shape; the line that a refund names waits or stops by core.line_readiness.
select ops.create_staging('taobao', 'refunds');

create table core.refunds (
    refund_id text collate "C" primary key,
    platform text not null,
    shop_id text not null,
    platform_refund_id text not null,
    order_id text collate "C" not null,
    platform_line_id text,
    platform_sku_id text,
    kind text not null check (kind in ('refund', 'return', 'exchange', 'money', 'other')),
    platform_status text,
    state text not null check (state in ('open', 'refunded', 'withdrawn', 'unknown')),
    is_terminal boolean not null,
    quantity bigint,
    refund_fen bigint,
    reason text,
    created_at timestamptz,
    modified_at timestamptz,
    unreadable_fields text[] not null default '{}',
    version_id text not null,
    merge_key text collate "C" not null,
    mapping_version text not null,
    _load_id bigint not null,
    _pass_id bigint not null,
    _seen_at timestamptz not null
);
create index refunds_by_order on core.refunds (order_id);
select ops.describe('core.refunds', 'One row per refund, return or exchange of a shop: the winner among its versions; key refund_id.',
    'refund_id', 'shop_id/platform_refund_id', 'platform', 'platform name', 'shop_id', 'our id of the shop',
    'platform_refund_id', 'the platform''s id, text', 'order_id', 'the order it is about; may arrive later than its refund',
    'platform_line_id', 'the line it is about; null when the platform names none', 'platform_sku_id', 'the platform''s SKU, where that names the line',
    'kind', 'refund (goods never sent), return, exchange, money (the buyer keeps the goods), other', 'platform_status', 'as the platform says',
    'state', 'open, refunded, withdrawn, unknown', 'is_terminal', 'never reopened by an older version', 'quantity', 'pieces; null when not said',
    'refund_fen', 'money to give back, fen', 'reason', 'as the buyer chose it', 'created_at', 'UTC', 'modified_at', 'UTC',
    'unreadable_fields', 'fields whose text could not be converted', 'version_id', 'payload_sha256 of the winning version',
    'merge_key', 'terminal, modified, rank, hash: the greatest wins', 'mapping_version', 'hash of the platform.yaml and fields.csv that mapped it',
    '_load_id', 'load of the winning version', '_pass_id', 'pass that last changed the row', '_seen_at', 'UTC, when the winner was first merged');
grant select on core.refunds to orderhub_analyst;
