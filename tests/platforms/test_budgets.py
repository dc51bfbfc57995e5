"""Call budgets and bans: shared by everybody with the same app key, and never worth a held worker."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from orderhub.clock import FixedClock, SystemClock
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.errors import ThrottledError
from orderhub.platforms.budgets import CallBudgets, Caller
from orderhub.platforms.client import Client
from orderhub.platforms.protocol import Budget
from tests.builders import rows
from tests.conftest import PASSWORDS
from tests.platforms.token_platform import LIST, TokenPlatform, api_of, opened

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
#: What one of two processes does: as many calls as it may in two seconds; prints when each was made.
PROCESS = """
import sys, time
from orderhub.clock import SystemClock
from orderhub.db.engine import Database
from orderhub.platforms.budgets import CallBudgets, Caller
from orderhub.platforms.protocol import Budget
budget = Budget(calls=20, seconds=1)
shared = CallBudgets(Database(sys.argv[1]), SystemClock(), Caller("toy", "app", sys.argv[2]), (budget,), time.sleep)
end = time.monotonic() + 2
while time.monotonic() < end:
    shared.take("list")
    print(SystemClock().now().timestamp())
"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def budgets(database: Database, clock: FixedClock) -> Iterator[Callable[..., CallBudgets]]:
    """The budgets of one process, and of another at each call; waiting moves the clock."""
    with ExitStack() as stack:

        def make(
            *documented: Budget,
            shop: str = "shop",
            app_key: str = "app",
            wait: Callable[[float], Any] | None = None,
        ) -> CallBudgets:
            wait = wait or (lambda seconds: clock.move(timedelta(seconds=seconds)))
            caller = Caller("toy", app_key, shop)
            return stack.enter_context(closing(CallBudgets(database, clock, caller, documented, wait)))

        yield make


@pytest.fixture
def client_of(database: Database) -> Iterator[Callable[..., Client]]:
    with opened() as make:
        yield partial(make, database)


def most_within(instants: list[float], seconds: float) -> int:
    """Return the largest number of calls in any stretch of `seconds`."""
    return max(sum(start <= other < start + seconds for other in instants) for start in instants)


def taken(clock: FixedClock, calls: int, *from_these: CallBudgets, method: str = "list") -> list[float]:
    """Return when each of `calls` calls was made, the processes in turn."""
    made = []
    for number in range(calls):
        from_these[number % len(from_these)].take(method)
        made.append(clock.now().timestamp())
    return made


@pytest.mark.parametrize("calls, seconds", [(1, 1), (10, 1), (40, 1), (100, 1), (100, 60)])
def test_no_stretch_holds_more_calls_than_documented(budgets, clock, calls: int, seconds: float):
    documented = Budget(calls=calls, seconds=seconds)

    made = taken(clock, 250, budgets(documented), budgets(documented))

    assert most_within(made, seconds) <= calls


def test_most_of_a_budget_is_used(budgets, clock):
    made = taken(clock, 400, budgets(Budget(calls=100, seconds=1)))

    assert 80 < 400 / (made[-1] - made[0]) <= 100


def test_some_calls_may_come_at_once(budgets, clock):
    made = taken(clock, 10, budgets(Budget(calls=100, seconds=1)))

    assert made == [NOW.timestamp()] * 10


def test_call_waits_for_the_narrowest_of_its_budgets(budgets, clock):
    wide, narrow = Budget(calls=100, seconds=1), Budget(calls=2, seconds=1, method="list")
    shared = budgets(wide, narrow)

    made = taken(clock, 10, shared)
    others = taken(clock, 10, shared, method="detail")

    assert most_within(made, 1) <= 2
    assert others[-1] - others[0] < 0.2


def test_two_budgets_of_one_method_both_hold(budgets, clock):
    shared = budgets(Budget(calls=5, seconds=1), Budget(calls=60, seconds=60))

    made = taken(clock, 120, shared)

    assert (most_within(made, 1), most_within(made, 60)) <= (5, 60)


def test_budget_of_a_shop_is_its_own_and_that_of_an_app_is_shared(budgets, clock):
    per_shop, per_app = Budget(calls=1, seconds=1, per="shop"), Budget(calls=1, seconds=1)

    own = [budgets(per_shop, shop=shop) for shop in ("a", "b")]
    assert taken(clock, 2, *own) == [NOW.timestamp()] * 2
    shared = [budgets(per_app, shop=shop) for shop in ("a", "b")]
    assert most_within(taken(clock, 2, *shared), 1) == 1
    other = budgets(per_app, app_key="another")
    assert taken(clock, 1, other) == [clock.now().timestamp()]


def test_wait_that_is_too_long_is_told_and_nothing_is_booked(budgets, clock):
    shared = budgets(Budget(calls=1, seconds=60))
    shared.take("list")

    for _ in range(3):
        with pytest.raises(ThrottledError) as caught:
            shared.take("list")

    assert caught.value.wait_seconds == pytest.approx(61.2)
    clock.move(timedelta(seconds=61.2))
    shared.take("list")


def test_clock_that_was_wrong_for_a_moment_blocks_nobody(budgets, clock):
    shared = budgets(Budget(calls=10, seconds=1))
    clock.move(timedelta(days=3))
    shared.take("list")
    clock.move(timedelta(days=-3))

    assert taken(clock, 1, shared) == [NOW.timestamp()]


def test_ban_is_kept_by_every_process_and_shop_of_the_app(budgets, clock):
    budgets(shop="a").ban("list", 60, "slow down")

    with pytest.raises(ThrottledError) as caught:
        budgets(shop="b").take("list")

    assert caught.value.wait_seconds == 60
    assert taken(clock, 1, budgets(), method="detail") == [NOW.timestamp()]
    clock.move(timedelta(seconds=60))
    assert taken(clock, 1, budgets()) == [clock.now().timestamp()]


def test_ban_of_a_budget_of_shops_is_the_shops_alone(budgets, clock):
    per_shop = Budget(calls=10, seconds=1, per="shop")
    budgets(per_shop, shop="a").ban("list", 60, "slow down")

    assert taken(clock, 1, budgets(per_shop, shop="b")) == [NOW.timestamp()]


def test_short_ban_is_waited_out_in_place(budgets, clock):
    shared = budgets(Budget(calls=10, seconds=1))
    shared.ban("list", 5, "slow down")

    assert taken(clock, 1, shared) == [NOW.timestamp() + 5]


def test_later_shorter_ban_does_not_end_a_longer_one(budgets, clock):
    shared = budgets()
    shared.ban("list", 60, "slow down")
    shared.ban("list", 1, "slow down")

    with pytest.raises(ThrottledError):
        shared.take("list")


def test_ban_that_comes_while_we_wait_is_kept(budgets, clock):
    other = budgets()

    def wait(seconds: float) -> None:
        clock.move(timedelta(seconds=seconds))
        other.ban("list", 60, "slow down")

    shared = budgets(Budget(calls=1, seconds=1), wait=wait)
    shared.take("list")

    with pytest.raises(ThrottledError):
        shared.take("list")


def test_only_the_first_call_meets_a_ban(client_of, clock):
    platform = TokenPlatform(clock)
    first, second = (client_of(platform, shop_id=shop) for shop in ("a", "b"))
    platform.banned_until = NOW + timedelta(seconds=60)

    for client in (first, second, first, second):
        with pytest.raises(ThrottledError):
            client.call(LIST, {})

    assert platform.while_banned == 1
    clock.move(timedelta(seconds=60))
    second.call(LIST, {})


def test_threads_share_one_budget(client_of, clock):
    platform = TokenPlatform(clock)
    # On this clock the waits of threads add up: all of them together stay below the longest wait in place.
    client = client_of(platform, api_of(budgets="[{calls: 100, seconds: 1}]"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.call(LIST, {}), range(40)))

    assert platform.answered == 40
    assert clock.now() - NOW > timedelta(seconds=0.25)


def test_two_processes_keep_one_budget(server: Server, database_name: str):
    url = server.url(database_name, "orderhub_app", PASSWORDS.app)
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, url, shop], stdout=subprocess.PIPE, text=True)
        for shop in ("a", "b")
    ]

    made = sorted(float(line) for process in processes for line in process.communicate()[0].split())

    assert [process.returncode for process in processes] == [0, 0]
    assert len(made) > 20
    # Printed after the permission: a process that the machine let wait tells a later time.
    assert most_within(made, 0.8) <= 20


def test_two_processes_without_a_shared_budget_would_call_too_often(budgets, clock):
    documented = Budget(calls=10, seconds=1)
    apart = [budgets(documented, app_key=key) for key in ("app", "negative control")]

    assert most_within(taken(clock, 100, *apart), 1) > 10


def test_asking_costs_a_moment(database):
    def spent(*documented: Budget) -> float:
        shared = CallBudgets(database, SystemClock(), Caller("toy", "app", "a"), documented, lambda _: None)
        with closing(shared):
            shared.take("list")
            started = time.perf_counter()
            for _ in range(100):
                shared.take("list")
            return (time.perf_counter() - started) / 100

    # A third of a millisecond for a ban, less than one for a budget; more here, because others share the machine.
    assert min(spent(Budget(calls=1_000_000, seconds=1)) for _ in range(3)) < 0.005
    assert min(spent() for _ in range(3)) < 0.005


def test_night_duty_reads_what_is_banned_and_why(database, budgets):
    budgets().ban("list", 60, "code 7 slow down")

    found = rows(database, "select ban_key, banned_until, said from ops.call_bans")

    assert found == [("toy/app/list", NOW + timedelta(seconds=60), "code 7 slow down")]
