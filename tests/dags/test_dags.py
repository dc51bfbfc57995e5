"""Every DAG file parses fast and alone, says who owns it and what to do when it fails, and decides nothing."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.dags.probe import pattern_of, snapshots

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = Path(__file__).with_name("snapshots")
#: Every task instance parses its file again, so parsing is paid with every task.
SECONDS = 1.0
#: Mistakes in one place of platform.yaml, and what the message must name.
MISTAKES = {
    "unknown key": ("live_minutes:", "live_minute:", "live_minutes"),
    "unknown scheme": ("signing: md5_between_secrets", "signing: md5_between_secret", "md5_between_secrets"),
    "missing key": ("  signing: md5_between_secrets\n", "", "signing"),
}


def environment(home: Path, root: Path) -> dict[str, str]:
    """Nothing of the machine's own Airflow or hub; no database that could answer."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "ORDERHUB_HOME": str(home / "hub"),
        "ORDERHUB_ROOT": str(root),
        "ORDERHUB_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "ORDERHUB_HASH_KEY": "parse",
    }


def probe(home: Path, root: Path) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.dags.probe", str(root / "dags")],
        cwd=ROOT,
        env=environment(home, root),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout[ended.stdout.index("{\n") :])
    return result


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return probe(tmp_path_factory.mktemp("airflow"), ROOT)


@pytest.fixture(scope="module")
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    return {name: dag for file in parsed["files"].values() for name, dag in file["dags"].items()}


def platform_names() -> list[str]:
    return sorted(file.parent.name for file in (ROOT / "include/platforms").glob("*/platform.yaml"))


def test_every_file_parses(parsed: dict[str, Any]):
    assert {name: file["error"] for name, file in parsed["files"].items() if file["error"]} == {}


def test_every_file_parses_within_a_second(parsed: dict[str, Any]):
    assert {
        name: file["seconds"] for name, file in parsed["files"].items() if file["seconds"] > SECONDS
    } == {}


def test_parsing_imports_no_slow_package(parsed: dict[str, Any]):
    assert parsed["slow_packages"] == []


def test_each_file_holds_the_one_dag_that_is_named_like_it(parsed: dict[str, Any]):
    assert {name: list(file["dags"]) for name, file in parsed["files"].items()} == {
        name: [name] for name in parsed["files"]
    }


def test_every_platform_has_its_own_extract_dag(dags: dict[str, Any]):
    platforms = {file.parent.name for file in (ROOT / "include/platforms").glob("*/platform.yaml")}

    assert {name.removeprefix("extract_") for name in dags if name.startswith("extract_")} == platforms


def test_any_platform_alone_wakes_transform(dags: dict[str, Any]):
    platforms = sorted(file.parent.name for file in (ROOT / "include/platforms").glob("*/platform.yaml"))

    schedule = dags["transform_orders"]["schedule"]

    assert (schedule["assets"], schedule["any_asset_wakes"]) == (
        [f"staging/{p}" for p in platforms],
        ["AssetAny"],
    )


def test_no_dag_catches_up_or_overlaps_itself(dags: dict[str, Any]):
    """Coverage finds the gaps; a queue of old runs would only repeat the question."""
    assert {(dag["catchup"], dag["max_active_runs"]) for dag in dags.values()} == {(False, 1)}


def test_every_dag_has_tags_and_a_text_in_both_languages(dags: dict[str, Any]):
    silent = [
        name
        for name, dag in dags.items()
        if not dag["tags"]
        or not re.search(r"[\u4e00-\u9fff]{4}", dag["doc"])
        or not re.search(r"[A-Za-z]{4}", dag["doc"])
    ]

    assert silent == []


def test_every_dag_names_a_runbook_that_exists(dags: dict[str, Any]):
    named = {name: re.findall(r"docs/runbooks/[a-z_-]+\.md", dag["doc"]) for name, dag in dags.items()}
    missing = {
        name: paths
        for name, paths in named.items()
        if not paths or not all((ROOT / p).is_file() for p in paths)
    }

    assert missing == {}


def test_every_task_has_an_owner_a_limit_retries_and_somebody_who_hears_of_it(dags: dict[str, Any]):
    lacking = {
        f"{name}.{task}": facts
        for name, dag in dags.items()
        for task, facts in dag["tasks"].items()
        if facts["owner"] != "orderhub"
        or not facts["retries"]
        or not facts["timeout_minutes"]
        or facts["tells_on_failure"] != ["mail_failed_task"]
        or not facts["has_retry_policy"]
    }

    assert lacking == {}


def test_no_mapped_task_announces_by_an_alias(dags: dict[str, Any]):
    """Airflow ties an alias to its asset when it is first used: of two that end at once it fails one."""
    tasks = {f"{name}.{task}": facts for name, dag in dags.items() for task, facts in dag["tasks"].items()}
    aliased = {name for name, facts in tasks.items() if facts["announces_by_alias"]}

    assert aliased == {"backfill_orders.wake_transform"}
    assert [name for name in aliased if tasks[name]["is_mapped"]] == []


def test_schedules_and_tasks_are_as_reviewed(parsed: dict[str, Any]):
    """After an intended change: `python -m tests.dags.probe dags --snapshot`."""
    platforms = platform_names()
    found = snapshots(parsed, platforms)

    assert found == {name: reviewed(pattern_of(name, platforms)) for name in found}


def reviewed(name: str) -> Any:
    return json.loads((SNAPSHOTS / f"{name}.json").read_text(encoding="utf-8"))


def test_every_snapshot_is_of_a_dag(dags: dict[str, Any]):
    assert {file.stem for file in SNAPSHOTS.glob("*.json")} == {
        pattern_of(name, platform_names()) for name in dags
    }


def test_the_timetable_names_every_dag(dags: dict[str, Any]):
    """Those of platforms by their pattern: adding one edits nothing."""
    timetable = (ROOT / "dags/README.md").read_text(encoding="utf-8")
    patterns = {pattern_of(name, platform_names()).replace("PLATFORM", "<platform>") for name in dags}

    assert [name for name in sorted(patterns) if f"`{name}`" not in timetable] == []


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of what parsing reads, to break."""
    root = tmp_path / "copy"
    for folder in ("dags", "include/platforms", "include/config"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.mark.parametrize(
    "mistake",
    [name if name == "unknown key" else pytest.param(name, marks=pytest.mark.slow) for name in MISTAKES],
)
def test_a_broken_platform_stops_its_own_dag_and_the_message_helps(
    copied: Path, tmp_path: Path, mistake: str
):
    before, after, named = MISTAKES[mistake]
    spec = copied / "include/platforms/taobao/platform.yaml"
    text = spec.read_text(encoding="utf-8")
    assert before in text
    spec.write_text(text.replace(before, after, 1), encoding="utf-8")

    files = probe(tmp_path, copied)["files"]

    assert [name for name, file in files.items() if file["error"]] == ["extract_taobao"]
    message = files["extract_taobao"]["error"].strip().splitlines()[-1]
    assert "include/platforms/taobao/platform.yaml" in message
    assert named in message


def test_a_broken_warehouse_file_still_rings_at_ten(copied: Path, tmp_path: Path):
    """The active configuration is in the database; the file is only the alarm clock."""
    (copied / "include/config/warehouses.yaml").write_text("warehouses: [", encoding="utf-8")

    files = probe(tmp_path, copied)["files"]

    crons = files["fulfill_orders"]["dags"]["fulfill_orders"]["schedule"]["crons"]
    assert "0 10 * * * Asia/Shanghai" in crons
