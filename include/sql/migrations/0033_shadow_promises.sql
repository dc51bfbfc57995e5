-- What only a shadow manifest lists is looked at by every pass; a hub that is live has none.
create index fulfillment_orders_shadow on core.fulfillment_orders (fulfillment_order_id) where state = 'manifested' and is_shadow;

create table core.pushed_shops (
    shop_id text collate "C" primary key,
    since timestamptz not null
);
select ops.describe('core.pushed_shops', '正在把可售量告诉平台的店铺 / one row per shop whose platform was told its stock by the last fulfil pass; key shop_id.',
    'shop_id', 'our id of the shop', 'since', 'UTC, when that was switched on: every figure was queued then');
