-- One row per order; key order_id. The same decision again leaves the row as it is.
insert into core.routing_decisions as present (
    order_id, outcome, rule_id, warehouse_id, candidates, version_id, config_version, decided_at, _pass_id
)
select order_id, outcome, rule_id, warehouse_id, candidates, version_id, :config_version, :now, :pass_id
from decisions
on conflict (order_id) do update set
    outcome = excluded.outcome,
    rule_id = excluded.rule_id,
    warehouse_id = excluded.warehouse_id,
    candidates = excluded.candidates,
    version_id = excluded.version_id,
    config_version = excluded.config_version,
    decided_at = excluded.decided_at,
    _pass_id = excluded._pass_id
where (
    present.outcome, present.rule_id, present.warehouse_id, present.candidates, present.version_id, present.config_version
) is distinct from (
    excluded.outcome, excluded.rule_id, excluded.warehouse_id, excluded.candidates, excluded.version_id,
    excluded.config_version
)
