-- What routing decides by and says: facts, promised days, tiers of buyers, capacity of a day.
alter table core.routing_decisions
    drop constraint routing_decisions_outcome_check,
    add constraint routing_decisions_outcome_check check (
        outcome in ('allocated', 'out_of_stock', 'backorder', 'no_warehouse', 'suspended', 'no_rule')
    ),
    add column facts jsonb not null default '{}',
    add column promised_date date;
select ops.describe('core.routing_decisions', 'One row per order that routing has looked at: the latest decision and why; key order_id.',
    'outcome', 'allocated; out_of_stock (waits, or is held); backorder (waits with a promised day); no_warehouse (all closed, full, frozen or bonded: waits); suspended (nothing is sent to the area: waits); no_rule',
    'rule_id', 'first rule that matched; profile/rule for a rule of routing/*.yaml',
    'facts', 'what the rule asked of the order, and its answers',
    'promised_date', '承诺发货日 / of a backorder: Beijing day by which it ships; kept until it is allocated');

create table core.customer_tiers (
    shop_id text not null,
    customer_id text collate "C" not null,
    tier text not null,
    tier_rank smallint not null,
    primary key (shop_id, customer_id)
);
select ops.describe('core.customer_tiers', '买家等级:tiers.csv 的每行 / one row per buyer that tiers.csv names; key shop_id, customer_id.',
    'shop_id', 'our id of the shop', 'customer_id', 'the platform''s stable open id', 'tier', 'as listed in routing.yaml', 'tier_rank', '1 is served first');
grant select on core.customer_tiers to orderhub_analyst;

-- Documents of one day are counted where a warehouse takes so many a day only.
create index fulfillment_orders_by_time on core.fulfillment_orders using brin (allocated_at);
-- What routing raised closes when the order is allocated.
create index anomalies_of_routing on core.anomalies (order_id) where raised_by = 'routing' and state = 'open';
comment on column core.anomalies.raised_by is 'checks, or who else refused the order: waybill, routing';
