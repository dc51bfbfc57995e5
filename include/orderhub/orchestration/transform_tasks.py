"""Tasks of transform_orders."""

from typing import Any

from airflow.sdk import task

from orderhub.orchestration.assets import CORE_ORDERS
from orderhub.orchestration.hub import open_hub


@task.short_circuit(ignore_downstream_trigger_rules=False)
def is_work_pending() -> bool:
    """Go on only when there are loads, unchecked orders, or mappings that lines waited for."""
    from orderhub.transform.run import is_work_pending as is_pending

    with open_hub("transform") as hub:
        return is_pending(hub.database)


@task(outlets=[CORE_ORDERS])
def map_merge_and_check() -> dict[str, Any]:
    """Map, merge, check and hold; return the counts."""
    from dataclasses import asdict

    from orderhub.transform.run import run_transform

    with open_hub("transform") as hub:
        return asdict(run_transform(hub.database, hub.clock, hub.config))


@task
def audit_with_great_expectations() -> dict[str, Any]:
    """Let Great Expectations judge the same rows of every pass since the last audit; tell differences."""
    from orderhub.quality.audit import audit_passes

    with open_hub("audit") as hub:
        reports = audit_passes(hub.database, hub.clock, hub.config)
        return {
            "pass_ids": [report.pass_id for report in reports],
            "rules": sum(len(report.rules) for report in reports),
            "differences": sum(len(report.differences) for report in reports),
        }
