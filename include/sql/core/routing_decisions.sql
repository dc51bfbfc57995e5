-- One row per order; key order_id. `decided` holds some of the decisions of a pass. The same decision again leaves the row
-- as it is; a promised day stays until the order is allocated, whatever is decided in between.
insert into core.routing_decisions as present (
    order_id, outcome, rule_id, warehouse_id, candidates, facts, promised_date, version_id, config_version, decided_at, _pass_id
)
select
    order_id, case when part = 0 then outcome else 'split' end, rule_id, warehouse_id, candidates, facts, promised_date, version_id, :config_version, :now, :pass_id
from decided
where part < 2
order by order_id
on conflict (order_id) do update set
    outcome = excluded.outcome,
    rule_id = excluded.rule_id,
    warehouse_id = excluded.warehouse_id,
    candidates = excluded.candidates,
    facts = excluded.facts,
    promised_date = case when present.outcome in ('allocated', 'split') then excluded.promised_date
        else coalesce(present.promised_date, excluded.promised_date) end,
    version_id = excluded.version_id,
    config_version = excluded.config_version,
    decided_at = excluded.decided_at,
    _pass_id = excluded._pass_id
where (
    present.outcome, present.rule_id, present.warehouse_id, present.candidates, present.facts, present.version_id,
    present.config_version
) is distinct from (
    excluded.outcome, excluded.rule_id, excluded.warehouse_id, excluded.candidates, excluded.facts, excluded.version_id,
    excluded.config_version
)
