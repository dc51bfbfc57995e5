"""backfill_orders and Airflow's own backfill, by real Airflow processes against the sandbox."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.airflow.conftest import LiveHub
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL

pytestmark = pytest.mark.airflow
ENDS = ("success", "failed")
REQUESTED = (
    "select shop_id, stream, count(*), count(*) filter (where state = 'covered') from ops.pull_windows "
    "where kind = 'requested' and request_id like '{}%' group by 1, 2 order by 1, 2"
)


def call(hub: LiveHub, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return hub.stack.api._call(method, path, body)


def finished(hub: LiveHub, dag_id: str, run_id: str) -> str:
    hub.wait(lambda: hub.stack.api.run_state(dag_id, run_id) in ENDS, f"{dag_id} {run_id} ends", 240)
    return hub.stack.api.run_state(dag_id, run_id)


def hours_ago(hours: int) -> datetime:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return now - timedelta(hours=hours)


def test_form_reads_every_shop_and_gives_its_slot_back_during_a_ban(live_hub: LiveHub) -> None:
    since, until = hours_ago(20), hours_ago(6)
    live_hub.admin("faults", plan=[{"kind": "throttle", "method": DETAIL, "nth": 3, "seconds": 40}])
    live_hub.stack.api.unpause("backfill_orders")
    form = {
        "platform": "taobao",
        "shop": None,
        "stream": None,
        "since": since.isoformat(),
        "until": until.isoformat(),
    }

    asked = {"dag_run_id": "march", "logical_date": None, "conf": form}
    call(live_hub, "POST", "/dags/backfill_orders/dagRuns", asked)

    assert finished(live_hub, "backfill_orders", "march") == "success"
    name = f"{since:%Y-%m-%dT%H:%M:%S}/{until:%Y-%m-%dT%H:%M:%S}#1"
    assert rows(live_hub.owner, REQUESTED.format(name)) == [
        (shop, stream, 3, 3) for shop in ("tb_flagship", "tb_outlet") for stream in ("orders", "refunds")
    ]
    told = call(live_hub, "GET", "/dags/backfill_orders/dagRuns/march/taskInstances")["task_instances"]
    read = [one for one in told if one["task_id"] == "read_range"]
    assert {one["rendered_map_index"] for one in read} == {"tb_flagship: 6/6", "tb_outlet: 6/6"}
    assert {one["try_number"] for one in read} == {1}


def test_own_backfill_of_airflow_reads_its_intervals_and_nothing_else(live_hub: LiveHub) -> None:
    live_hub.stack.api.unpause("extract_taobao")  # Airflow runs no backfill of a paused DAG.
    since = hours_ago(30) + timedelta(minutes=12)
    asked = {
        "dag_id": "extract_taobao", "from_date": since.isoformat(),
        "to_date": (since + timedelta(minutes=16)).isoformat(), "max_active_runs": 2,
    }  # fmt: skip

    backfill = call(live_hub, "POST", "/backfills", asked)
    live_hub.wait(
        lambda: call(live_hub, "GET", f"/backfills/{backfill['id']}")["completed_at"],
        "the backfill ends",
        240,
    )

    listed = call(live_hub, "GET", "/dags/extract_taobao/dagRuns")["dag_runs"]
    runs = [run for run in listed if run["run_type"] == "backfill"]
    assert {run["state"] for run in runs} == {"success"}
    requested = rows(
        live_hub.owner,
        "select start_at, end_at, state from ops.pull_windows where requested_by = 'airflow backfill' "
        "and shop_id = 'tb_outlet' and stream = 'orders' order by 1",
    )
    intervals = sorted(
        (
            datetime.fromisoformat(run["data_interval_start"]),
            datetime.fromisoformat(run["data_interval_end"]),
            "covered",
        )
        for run in runs
    )
    assert requested == intervals
