"""Parses a folder of DAG files as Airflow's processor does and prints what it found as JSON.

Runs in a process of its own: with its own AIRFLOW_HOME, without network, and without what the test run has
imported. `python -m tests.dags.probe dags --snapshot` writes the part that tests/dags/snapshots keeps.
"""

import json
import re
import socket
import sys
import time
from pathlib import Path
from typing import Any


def refuse(*_: object) -> None:
    """Stand in for `socket.connect`."""
    raise AssertionError("a DAG file opened a connection while it was parsed")


def words_of(schedule: Any) -> dict[str, list[str]]:
    """Return the crons (with zone) and the assets of a schedule; their order means nothing."""
    said = repr(schedule)
    crons = re.findall(r"expression='([^']+)', timezone='([^']+)'", said)
    return {
        "crons": sorted(f"{cron} {zone}" for cron, zone in crons),
        "assets": sorted(re.findall(r"Asset\(name='([^']+)'", said)),
        "any_asset_wakes": ["AssetAny"] if "AssetAny" in said else [],
    }


def task_facts(task: Any) -> dict[str, Any]:
    """Return what the rules ask of a task; of a mapped one, what each of its instances gets."""
    callbacks = (
        task.on_failure_callback if isinstance(task.on_failure_callback, list) else [task.on_failure_callback]
    )
    return {
        "owner": task.owner,
        "retries": task.retries,
        "timeout_minutes": task.execution_timeout.total_seconds() / 60 if task.execution_timeout else None,
        "tells_on_failure": [callback.__name__ for callback in callbacks if callback],
        "downstream": sorted(task.downstream_task_ids),
        "announces": sorted(asset.name for asset in task.outlets),
        "announces_by_alias": any(type(asset).__name__ == "AssetAlias" for asset in task.outlets),
        "is_mapped": task.is_mapped,
        "has_retry_policy": task.retry_policy is not None,
    }


def dag_facts(dag: Any) -> dict[str, Any]:
    """Return what the rules ask of a DAG."""
    return {
        "tags": sorted(dag.tags),
        "doc": dag.doc_md or "",
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "schedule": words_of(dag.schedule),
        "tasks": {task.task_id: task_facts(task) for task in dag.tasks},
    }


def probe(folder: Path) -> dict[str, Any]:
    """Return per file: seconds, error, DAGs; and which slow packages got imported."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(folder), collect_dags=False)
    socket.socket.connect = refuse  # type: ignore[method-assign,assignment] - nothing may be reached from here on
    files = {}
    for file in sorted(folder.glob("*.py")):
        started = time.process_time()  # What else the machine does is not the file's doing.
        dags = bag.process_file(str(file))
        seconds = time.process_time() - started
        error = "".join(text for name, text in bag.import_errors.items() if name.endswith(file.name))
        files[file.stem] = {
            "seconds": seconds,
            "error": error,
            "dags": {dag.dag_id: dag_facts(dag) for dag in dags},
        }
    return {
        "files": files,
        "slow_packages": sorted({"pandas", "great_expectations", "cpca"} & sys.modules.keys()),
    }


def snapshots(found: dict[str, Any], platforms: list[str]) -> dict[str, Any]:
    """Return DAG → schedule and tasks: what must never change unnoticed.

    The DAGs of platforms all follow one pattern, so that a new platform edits no snapshot.
    """
    dags = {name: dag for file in found["files"].values() for name, dag in file["dags"].items()}
    return {name: _general(_kept(dag), name, platforms) for name, dag in sorted(dags.items())}


def pattern_of(name: str, platforms: list[str]) -> str:
    """Return the snapshot that a DAG must equal: its own, or that of all platforms."""
    return "extract_PLATFORM" if name.removeprefix("extract_") in platforms else name


def _kept(dag: dict[str, Any]) -> dict[str, Any]:
    return {
        "schedule": dag["schedule"],
        "tasks": {
            task: {"downstream": facts["downstream"], "announces": facts["announces"]}
            for task, facts in sorted(dag["tasks"].items())
        },
    }


def _general(value: Any, name: str, platforms: list[str]) -> Any:
    """Write PLATFORM for the DAG's own platform, and one entry for a list of all platforms' assets."""
    if isinstance(value, dict):
        return {key: _general(inner, name, platforms) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if value and value == [f"staging/{platform}" for platform in sorted(platforms)]:
        return ["staging/*"] if len(value) > 1 else value
    own = name.removeprefix("extract_")
    return ["staging/PLATFORM" if own in platforms and item == f"staging/{own}" else item for item in value]


if __name__ == "__main__":
    result = probe(Path(sys.argv[1]))
    if "--snapshot" in sys.argv:
        known = sorted(file.parent.name for file in Path("include/platforms").glob("*/platform.yaml"))
        for name, kept in snapshots(result, known).items():
            file = Path(__file__).parent / "snapshots" / f"{pattern_of(name, known)}.json"
            file.write_text(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    else:
        sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
