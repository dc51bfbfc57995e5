-- An order that no warehouse has all of may leave in two parts.
alter table core.routing_decisions
    drop constraint routing_decisions_outcome_check,
    add constraint routing_decisions_outcome_check check (
        outcome in ('allocated', 'split', 'out_of_stock', 'backorder', 'no_warehouse', 'suspended', 'no_rule')
    );
select ops.describe('core.routing_decisions', 'One row per order that routing has looked at: the latest decision and why; key order_id.',
    'outcome', 'allocated; split (two documents); out_of_stock (waits, or is held); backorder (waits with a promised day); no_warehouse (all closed, full, frozen or bonded: waits); suspended (nothing is sent to the area: waits); no_rule',
    'warehouse_id', 'the chosen building; of a split the one that ships the first part',
    'candidates', 'each candidate in order with its figures and why it lost; of a split the two that ship, with their lines');
