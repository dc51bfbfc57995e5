-- Pinduoduo names no buyer: that is the platform's habit, and nothing to warn about order by order.
alter table core.shops add column is_buyer_named boolean not null default true;
select ops.describe('core.shops', 'One row per shop of the active configuration; key shop_id.',
    'is_buyer_named', 'the platform gives a stable id of the buyer');
