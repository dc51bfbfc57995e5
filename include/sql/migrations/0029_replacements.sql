-- Exchanges and resends leave as orders of their own, made by the hub, without payment (docs/adr/0015).
alter table core.orders
    add column order_kind text not null default 'sale' check (order_kind in ('sale', 'exchange', 'resend')),
    add column of_order_id text collate "C",
    add constraint orders_replacement check ((order_kind = 'sale') = (of_order_id is null));
create index orders_that_replace on core.orders (of_order_id) where of_order_id is not null;
select ops.describe('core.orders', 'One row per order of a shop: the winner among its versions, or a replacement that the hub made; key order_id.',
    'order_kind', 'sale (a platform''s or a file''s), or what the hub made without payment: exchange, resend', 'of_order_id', 'the order that a replacement is for; null for sales');

alter table core.refunds drop constraint refunds_kind_check;
alter table core.refunds
    add constraint refunds_kind_check check (kind in ('refund', 'return', 'exchange', 'resend', 'money', 'other')),
    add column replacement text check (replacement in ('agreed', 'sends', 'dropped')),
    add column wanted_sku text;
create index refunds_with_replacement on core.refunds (refund_id) where kind in ('exchange', 'resend');
select ops.describe('core.refunds', 'One row per refund, return, exchange or resend of a shop: the winner among its versions; key refund_id.',
    'kind', 'refund (goods never sent), return, exchange, resend (nothing comes back), money (the buyer keeps the goods), other',
    'replacement', 'of an exchange or resend: agreed, sends (the platform waits for the seller to send) or dropped (it became a refund); null before',
    'wanted_sku', 'of an exchange: the platform''s or the merchant''s code that the buyer wants instead; null where the platform names none');

create table core.replacements (
    order_id text collate "C" primary key,
    of_order_id text collate "C" not null,
    refund_id text collate "C" unique,
    kind text not null check (kind in ('exchange', 'resend')),
    case_no text,
    goods text not null check (goods in ('same', 'named', 'asked', 'answered')),
    claim text not null,
    receiver_key text,
    reason text not null,
    made_by text not null,
    made_at timestamptz not null,
    _pass_id bigint,
    check ((refund_id is null) = (case_no is not null))
);
create index replacements_by_order on core.replacements (of_order_id);
select ops.describe('core.replacements', '换货补发:系统自己开的单 / one row per order that the hub made for an exchange or a resend, once per after-sale; key order_id.',
    'order_id', 'the order made: HH (exchange) or BF (resend) and the after-sale''s number', 'of_order_id', 'the order whose goods are sent again', 'refund_id', 'the after-sale in core.refunds; null for one by hand',
    'kind', 'exchange or resend', 'case_no', 'of one by hand: the number that makes it once', 'goods', 'same SKU, named by the platform, asked (held: which goods?) or answered by a person',
    'claim', 'hash of the lines asked for; another one writes them anew until a manifest has them', 'receiver_key', 'the receiver that was copied; another one is copied again',
    'reason', 'as the buyer chose it, or a person wrote it', 'made_by', 'after-sale, or who ordered it', 'made_at', 'UTC', '_pass_id', 'fulfil pass; null for one by hand');
grant select on core.replacements to orderhub_analyst;
