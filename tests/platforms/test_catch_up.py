"""While gaps are read, new orders keep coming; and no time that a record claims moves a window."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import ContractError
from orderhub.platforms import extract
from orderhub.platforms.fetching import PullCounts
from tests.builders import rows
from tests.platforms.busy_shop import BusyShop
from tests.platforms.test_paging import CURSOR, NOW, Shop, orders, platform, pull

FETCHED = "select record_id, min(fetched_at) from staging.taobao_orders group by 1"
OPEN = "select count(*) from ops.pull_windows where state = 'open'"


def latencies(shop: BusyShop, since: datetime) -> list[timedelta]:
    """Return paid → fetched of the orders paid after `since` that were fetched."""
    fetched = dict(rows(shop.database, FETCHED))
    return [fetched[key] - at for key, at in shop.paid.items() if at > since and key in fetched]


def slow_catch_up(database: Database) -> tuple[BusyShop, PullCounts, datetime]:
    """Pull once after nine hours at 120 orders an hour, where each detail takes a second."""
    shop = BusyShop(database, per_hour=120, call_seconds=1)
    shop.pull()
    shop.pass_time(timedelta(hours=9))
    began = shop.platform_clock.now()
    return shop, shop.pull(), began


def test_new_orders_arrive_while_a_gap_is_read(database: Database):
    shop, counts, began = slow_catch_up(database)

    arrived = latencies(shop, began)
    assert counts.windows_left > 0
    assert shop.platform_clock.now() - began < extract.BUDGET + timedelta(minutes=2)
    assert len(arrived) >= 10
    assert max(arrived) < timedelta(minutes=6)


def test_without_a_second_look_they_would_wait_for_the_next_pull(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """Negative control."""
    monkeypatch.setattr(extract, "LOOK_AGAIN_AFTER", timedelta(days=1))

    shop, _, began = slow_catch_up(database)

    assert latencies(shop, began) == []


def test_window_that_outlasts_its_pull_is_cut_in_two_and_gets_through(database: Database):
    shop, counts, _ = slow_catch_up(database)
    before = rows(database, "select count(*) from ops.pull_windows where kind = 'gap'")

    pulls = 0
    while counts.windows_left:
        pulls += 1
        shop.pass_time(timedelta(minutes=5))
        counts = shop.pull()

    assert (pulls <= 3, rows(database, OPEN)) == (True, [(0,)])
    assert rows(database, "select count(*) from ops.pull_windows where kind = 'gap'") >= before
    staged = {key for key, _ in rows(database, FETCHED)}
    assert {key for key, at in shop.paid.items() if at < NOW + timedelta(hours=9)} - staged == set()


def ends(database: Database) -> datetime:
    found = rows(database, "select max(end_at) from ops.pull_windows")[0][0]
    assert isinstance(found, datetime)
    return found


def test_record_that_claims_to_be_of_2099_moves_no_window(database: Database):
    made = platform(CURSOR + "next_cursor: next, modified: updated}", "cursor")
    future = datetime(2099, 1, 1, tzinfo=UTC)

    class Confused(Shop):
        def call(self, call: Any, values: dict[str, Any], changed: Any = None) -> Any:
            answer = super().call(call, values, changed)
            answer["items"] = [{**row, "updated": int(future.timestamp())} for row in answer["items"]]
            return answer

    pull(database, made, Confused(orders(5)))

    assert rows(database, "select distinct modified_at from staging.taobao_orders") == [(future,)]
    assert ends(database) == NOW - timedelta(seconds=60)


@pytest.mark.parametrize("off", [timedelta(days=26_000), timedelta(days=-400)])
def test_platform_clock_that_is_days_off_plans_nothing(database: Database, off: timedelta):
    made = platform(CURSOR + "next_cursor: next}", "cursor")

    class Lost(Shop):
        def platform_now(self) -> datetime:
            return NOW + off

    with pytest.raises(ContractError, match="this machine says 2026-11-23 04:00"):
        pull(database, made, Lost(orders(5)))

    assert rows(database, "select count(*) from ops.pull_windows") == [(0,)]


def test_clock_of_the_tests_stands_still(database: Database):
    """The cases above would prove nothing about time that passes by itself."""
    clock = FixedClock(NOW)

    assert clock.now() == clock.now()
