"""SIGKILL of the real Airflow task process of extract_taobao, in the middle of pages, while orders change."""

import os
import signal
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.taobao.trade import STATUS, UNKNOWN_STATUS
from sandbox.world.model import OrderState
from tests.airflow.conftest import LiveHub

pytestmark = pytest.mark.airflow
#: More than half of them are the shop's: nine pages and more.
ORDERS = 1600
SHOP = "tb_flagship"
#: retries=3: the fourth kill fails the run, the fifth hits the next one.
KILLS = 5


def shown_status(order: dict[str, Any]) -> str:
    """Return the platform's word for the state of an order of the truth."""
    return UNKNOWN_STATUS if order["has_unknown_status"] else STATUS[OrderState(order["state"])]


def test_a_pull_killed_in_five_pages_loses_and_doubles_nothing(live_hub: LiveHub) -> None:
    hub = live_hub
    hub.admin("delay", detail_ms=25, list_ms=0)
    hub.stack.api.unpause("extract_taobao")  # The latest interval's run starts at once …
    hub.stack.api.trigger("extract_taobao")  # … and this one when four kills have failed it.

    killed_at: list[int] = []
    killed: set[int] = set()
    for number in range(KILLS):
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

    staged, truth = _staged(hub), {o["order_id"]: o for o in hub.truth() if o["shop_id"] == SHOP}
    known = {tid for tid, order in truth.items() if order["modified_at"] <= _covered_until(hub)}
    assert KILLS == len(set(killed_at)) == len(killed)
    assert len(known) >= ORDERS * 0.4
    assert set() == known - set(staged)
    assert {tid: shown_status(truth[tid]) for tid in known} == {tid: staged[tid]["status"] for tid in known}
    assert {tid: truth[tid]["seller_memo"] for tid in known} == {
        tid: staged[tid].get("seller_memo", "") for tid in known
    }
    assert 0 == hub.scalar(
        "select count(*) from (select from staging.taobao_orders group by shop_id, record_id, payload_sha256 having count(*) > 1) d"
    )


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
    """Orders touched a moment ago lie in a window that is not closed yet: pull until it is."""
    changed_until = hub.stack.clock.now()

    def is_covered() -> Any:
        assert "success" == hub.run_to_end("extract_taobao")
        return hub.scalar(
            "select max(end_at) > :at from ops.pull_windows where shop_id = :shop and state = 'covered'",
            at=changed_until,
            shop=SHOP,
        )

    hub.wait(is_covered, "the windows of the changes are covered", 240)


def _covered_until(hub: LiveHub) -> str:
    found = hub.scalar(
        "select max(end_at) from ops.pull_windows where shop_id = :shop and state = 'covered'", shop=SHOP
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
