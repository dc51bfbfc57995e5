-- What only a shadow manifest lists is looked at by every pass; a hub that is live has none.
create index fulfillment_orders_shadow on core.fulfillment_orders (fulfillment_order_id) where state = 'manifested' and is_shadow;
