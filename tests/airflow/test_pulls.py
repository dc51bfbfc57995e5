"""Pulls by real Airflow processes of one hub: killed in the middle of pages while orders change, then backfilled.

In this order: the first test finds every DAG paused, and the backfills read ranges whatever was pulled before.
"""

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.taobao.trade import STATUS, UNKNOWN_STATUS
from sandbox.world.model import OrderState
from tests.airflow.conftest import LiveHub
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL

pytestmark = pytest.mark.airflow
#: More than half of them are the shop's: nine pages and more.
ORDERS = 1600
SHOP = "tb_flagship"
#: retries=3: the fourth kill fails the run, the fifth hits the next one; in the usual tier one must do.
KILLS = {True: 5, False: 1}
ENDS = ("success", "failed")
REQUESTED = (
    "select shop_id, stream, count(*), count(*) filter (where state = 'covered') from ops.pull_windows "
    "where kind = 'requested' and request_id like '{}%' group by 1, 2 order by 1, 2"
)


def shown_status(order: dict[str, Any]) -> str:
    """Return the platform's word for the state of an order of the truth."""
    return UNKNOWN_STATUS if order["has_unknown_status"] else STATUS[OrderState(order["state"])]


def test_a_pull_killed_in_mid_page_loses_and_doubles_nothing(
    live_hub: LiveHub, request: pytest.FixtureRequest
) -> None:
    hub, kills = live_hub, KILLS[bool(request.config.getoption("--slow"))]
    hub.admin("delay", detail_ms=25, list_ms=0)
    hub.stack.api.unpause("extract_taobao")  # The latest interval's run starts at once …
    hub.stack.api.trigger("extract_taobao")  # … and this one when four kills have failed it.

    killed_at: list[int] = []
    killed: set[int] = set()
    for number in range(kills):
        pages = killed_at[-1] if killed_at else 0
        pid = hub.wait(
            lambda enough=pages + 1: _pid_in_mid_page(hub, enough, killed),
            f"kill {number + 1}: a page was committed",
            180,
        )
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
        killed_at.append(_pages(hub))
        hub.admin("touch", n=30, shop=SHOP)
    hub.admin("delay", detail_ms=0, list_ms=0)
    _pull_what_changed_meanwhile(hub)
    hub.stack.api.pause("extract_taobao")

    staged, truth = _staged(hub), {o["order_id"]: o for o in hub.truth() if o["shop_id"] == SHOP}
    until = _covered_until(hub)  # Windows are half-open: what changed at this very second is the next one's.
    known = {tid for tid, order in truth.items() if order["modified_at"] < until}
    assert kills == len(set(killed_at)) == len(killed)
    assert len(known) >= ORDERS * 0.4
    assert set() == known - set(staged)
    assert {tid: shown_status(truth[tid]) for tid in known} == {tid: staged[tid]["status"] for tid in known}
    assert {tid: truth[tid]["seller_memo"] for tid in known} == {
        tid: staged[tid].get("seller_memo", "") for tid in known
    }
    assert 0 == hub.scalar(
        "select count(*) from (select from staging.taobao_orders group by shop_id, record_id, payload_sha256 having count(*) > 1) d"
    )


@pytest.mark.slow
def test_the_killed_run_sent_exactly_one_mail_with_a_link(live_hub: LiveHub) -> None:
    mails = [mail for mail in live_hub.mails() if "extract_taobao" in mail["subject"]]

    assert 1 == len(mails)
    said = mails[0]["text"] + mails[0].get("html", "")
    for part in (
        "extract_taobao",
        "pull_shop",
        "scheduled__",
        f"http://127.0.0.1:{live_hub.stack.ports.airflow}/dags/",
    ):
        assert part in said


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
    woken = call(live_hub, "GET", "/assets/events?source_dag_id=backfill_orders")["asset_events"]
    assert {event["uri"] for event in woken} == {"orderhub://staging/taobao"}


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


def call(hub: LiveHub, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return hub.stack.api._call(method, path, body)


def finished(hub: LiveHub, dag_id: str, run_id: str) -> str:
    hub.wait(lambda: hub.stack.api.run_state(dag_id, run_id) in ENDS, f"{dag_id} {run_id} ends", 240)
    return hub.stack.api.run_state(dag_id, run_id)


def hours_ago(hours: int) -> datetime:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return now - timedelta(hours=hours)


def _pid_in_mid_page(hub: LiveHub, pages: int, killed: set[int]) -> int:
    """The process that pulls the shop now, once it has committed `pages` pages and reads the next."""
    if _pages(hub) < pages:
        return 0
    names = hub.scalar(
        "select string_agg(application_name, ' ') from pg_stat_activity where application_name like :name",
        name=f"pull:{SHOP}:%",
    )
    pids = {int(name.rpartition(":")[2]) for name in (names or "").split()} - killed
    return max(pids, default=0)


def _pages(hub: LiveHub) -> int:
    return int(hub.scalar("select count(*) from ops.loads where shop_id = :shop", shop=SHOP))


def _pull_what_changed_meanwhile(hub: LiveHub) -> None:
    """Orders touched a moment ago lie in a window that is not closed yet: pull until it is.

    The window of the orders: the one of the refunds is planned a moment later and may end a second later.
    """
    changed_until = hub.stack.clock.now()

    def is_covered() -> Any:
        assert "success" == hub.run_to_end("extract_taobao")
        return hub.scalar(
            "select max(end_at) > :at from ops.pull_windows "
            "where shop_id = :shop and stream = 'orders' and state = 'covered'",
            at=changed_until,
            shop=SHOP,
        )

    hub.wait(is_covered, "the windows of the changes are covered", 240)


def _covered_until(hub: LiveHub) -> str:
    found = hub.scalar(
        "select max(end_at) from ops.pull_windows "
        "where shop_id = :shop and stream = 'orders' and state = 'covered'",
        shop=SHOP,
    )
    return str(found.isoformat())


def _staged(hub: LiveHub) -> dict[str, dict[str, Any]]:
    """The newest staged version of each order."""
    with hub.owner.read() as connection:
        rows = connection.execute(
            text(
                "select distinct on (record_id) record_id, payload from staging.taobao_orders where shop_id = :shop "
                "order by record_id, modified_at desc, staging_id desc"
            ),
            {"shop": SHOP},
        )
        return {row.record_id: row.payload for row in rows}
