"""A platform is down for 26 hours while buyers go on buying; then everything is caught up by itself.

In virtual time, at a call budget that the platform enforces and the client keeps, with the cadence of the DAGs.
Taobao publishes no rate; the budget here makes the catch-up last for hours of virtual time. Pinduoduo's is the
documented one.
"""

import statistics
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from orderhub.db.engine import Database
from orderhub.errors import TransientError
from orderhub.platforms import extract
from orderhub.platforms.protocol import Budget
from orderhub.platforms.spec import Platform
from sandbox.gateway.limits import Limit
from tests.builders import rows
from tests.platforms.busy_shop import BusyShop

OUTAGE = timedelta(hours=26)
CADENCE = timedelta(minutes=10)
#: What is promised: paid → staged, during a catch-up and in quiet hours.
PROMISE = timedelta(minutes=15)
GAPS = "select coalesce(sum(extract(epoch from end_at - start_at)), 0) from ops.window_gaps where kind <> 'unplanned'"


@dataclass
class Diary:
    """What happened after the platform came back; one entry per pull in `gaps` (seconds not yet covered)."""

    began: datetime
    ended: datetime
    gaps: list[float] = field(default_factory=list)
    latencies: list[timedelta] = field(default_factory=list)
    #: The same of the orders paid in the quiet hour afterwards.
    quiet: list[timedelta] = field(default_factory=list)

    def __str__(self) -> str:
        minutes = sorted(latency / timedelta(minutes=1) for latency in self.latencies)
        return (
            f"caught up in {self.ended - self.began} and {len(self.gaps)} pulls; {len(minutes)} orders paid "
            f"meanwhile, paid → staged p50 {statistics.median(minutes):.1f} min, max {minutes[-1]:.1f} min "
            f"(quiet hour afterwards: max {max(self.quiet) / timedelta(minutes=1):.1f} min); "
            f"hours left after each pull: {', '.join(f'{left / 3600:.1f}' for left in self.gaps)}"
        )


def shop_of(database: Database, platform: str, per_hour: float, calls: int, seconds: float) -> BusyShop:
    """Return a shop whose platform takes `calls` in `seconds`, and whose client knows that.

    One call at a time: threads that wait at once would each make the one virtual clock go on.
    """
    shop = BusyShop(database, per_hour, call_seconds=0.05, orders=60, platform=platform)
    spec = shop.platform.spec
    assert spec.api is not None
    changes: dict[str, object] = {"concurrency": 1}
    if calls:
        shop.gateway.budget.limits = (Limit("*", calls, seconds),)
        changes["budgets"] = (Budget(calls=calls, seconds=seconds, per="shop"),)
    spec = spec.model_copy(update={"api": spec.api.model_copy(update=changes)})
    shop.platform = Platform(spec, shop.platform.field_map, shop.platform.source)
    return shop


def wait_for_next_pull(shop: BusyShop, cadence: timedelta = CADENCE) -> None:
    """Let time pass until the clock strikes the cadence again; a run that lasts longer swallows the next."""
    into = shop.clock.now() - datetime.min.replace(tzinfo=shop.clock.now().tzinfo)
    shop.pass_time(cadence - into % cadence)


def survive(shop: BusyShop, cadence: timedelta = CADENCE) -> Diary:
    """Pull, be down, come back, pull until nothing is left, and for a quiet hour more."""
    while shop.pull().windows_left:
        wait_for_next_pull(shop)
    shop.is_down = True
    back = shop.clock.now() + OUTAGE
    while shop.clock.now() < back:
        wait_for_next_pull(shop)
        with pytest.raises(TransientError):
            shop.pull()
    shop.is_down = False
    wait_for_next_pull(shop)
    diary = Diary(shop.platform_clock.now(), shop.platform_clock.now())
    while not diary.gaps or diary.gaps[-1]:
        shop.pull()
        diary.gaps.append(float(str(rows(shop.database, GAPS)[0][0])))
        diary.ended = shop.platform_clock.now()
        wait_for_next_pull(shop, cadence)
    quiet_until = diary.ended + timedelta(hours=1)
    while shop.platform_clock.now() < quiet_until + cadence:
        shop.pull()
        wait_for_next_pull(shop, cadence)
    shop.pull()
    diary.latencies = latencies(shop, diary.began, diary.ended)
    diary.quiet = latencies(shop, diary.ended, quiet_until)
    return diary


def latencies(shop: BusyShop, since: datetime, until: datetime) -> list[timedelta]:
    """Return paid → staged of the orders that were paid meanwhile; each of them must be staged."""
    committed = (
        f"select s.record_id, min(l.committed_at) from staging.{shop.platform.spec.name}_orders s "
        "join ops.loads l using (load_id) group by 1"
    )
    staged = dict(rows(shop.database, committed))
    return [staged[key] - at for key, at in shop.paid.items() if since <= at < until]


def lost(shop: BusyShop) -> set[str]:
    """Return ids of orders that were paid, before or in the outage, and are not in staging."""
    found = rows(shop.database, f"select distinct record_id from staging.{shop.platform.spec.name}_orders")
    due = shop.platform_clock.now() - timedelta(minutes=20)
    return {key for key, at in shop.paid.items() if at < due} - {record_id for (record_id,) in found}


def assert_survived(shop: BusyShop, diary: Diary) -> None:
    assert lost(shop) == set()
    assert diary.gaps == sorted(diary.gaps, reverse=True)
    assert (len(diary.latencies) > 0, max(diary.latencies) <= PROMISE) == (True, True), str(diary)
    assert (len(diary.quiet) > 0, max(diary.quiet) <= PROMISE) == (True, True), str(diary)
    assert shop.gateway.faults.calls_while_banned == 0


def test_a_day_and_more_is_caught_up_while_new_orders_keep_coming(
    database: Database, capsys: pytest.CaptureFixture[str]
):
    """The shape of a big shop at a seventh of its size: 40 orders an hour, two calls in three seconds."""
    shop = shop_of(database, "taobao", per_hour=40, calls=2, seconds=3)

    diary = survive(shop)

    assert len(diary.gaps) >= 3
    assert_survived(shop, diary)
    tell(capsys, "taobao, 40 orders/h, 2 calls in 3 s", diary)


def test_without_a_second_look_the_promise_is_broken(database: Database, monkeypatch: pytest.MonkeyPatch):
    """Negative control: gaps read to the end of each pull make new orders wait for the next one."""
    monkeypatch.setattr(extract, "LOOK_AGAIN_AFTER", timedelta(days=1))
    shop = shop_of(database, "taobao", per_hour=40, calls=2, seconds=3)

    diary = survive(shop)

    assert max(diary.latencies) > PROMISE


def tell(capsys: pytest.CaptureFixture[str], what: str, diary: Diary) -> None:
    """Print what was measured, also when the test passes."""
    with capsys.disabled():
        sys.stdout.write(f"\n26 h outage, {what}: {diary}\n")


@pytest.mark.slow
@pytest.mark.parametrize("calls", [5, 2])
def test_full_size(database: Database, capsys: pytest.CaptureFixture[str], calls: int):
    shop = shop_of(database, "taobao", 300, calls, 1)

    diary = survive(shop)

    tell(capsys, f"taobao, 300 orders/h, {calls} calls/s", diary)
    assert_survived(shop, diary)


@pytest.mark.slow
def test_full_size_at_the_documented_budget(database: Database, capsys: pytest.CaptureFixture[str]):
    """Whole records in the list: caught up within one pull; after it the cadence and the lag decide."""
    shop = shop_of(database, "pinduoduo", 300, 0, 0)

    diary = survive(shop)

    tell(capsys, "pinduoduo, 300 orders/h, documented budget", diary)
    assert_survived(shop, diary)


@pytest.mark.slow
def test_every_quarter_of_an_hour_is_too_seldom(database: Database, capsys: pytest.CaptureFixture[str]):
    """Negative control: the cadence and the lag together are more than what is promised."""
    shop = shop_of(database, "pinduoduo", 300, 0, 0)

    diary = survive(shop, timedelta(minutes=15))

    tell(capsys, "pinduoduo, 300 orders/h, every 15 minutes", diary)
    assert max(diary.quiet) > PROMISE
