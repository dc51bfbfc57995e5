import builtins
from datetime import timedelta

import pytest

from orderhub.db.engine import Database
from orderhub.errors import CredentialError, TransientError
from orderhub.platforms import fetching, paging
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL, LIST, ShopInABox

STAGED = "select record_id, max(modified_at) from staging.taobao_orders group by 1"
OPEN = "select count(*) from ops.pull_windows where state = 'open'"
LAG = timedelta(seconds=61)
REFUNDS = "taobao.refunds.receive.get"


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database)


def lost(box: ShopInABox) -> set[str]:
    """Return ids of orders that stand in the truth, and not in staging at their present version."""
    staged = dict(rows(box.database, STAGED))
    due = box.truth(box.platform_clock.now() - LAG)
    return {tid for tid, modified in due.items() if staged.get(tid) != modified}


def orders_asked(box: ShopInABox) -> int:
    return box.gateway.calls[LIST] + box.gateway.calls[DETAIL]


def settle(box: ShopInABox) -> None:
    """End the disturbance, let its changes become due, and pull once more."""
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(timedelta(minutes=15))
    box.pull()


def test_pull_covers_its_windows_and_stages_every_order(box: ShopInABox):
    counts = box.pull()

    assert (counts.windows_left, counts.parked) == (0, 0)
    assert counts.staged >= 100
    assert (rows(box.database, OPEN), lost(box)) == ([(0,)], set())


def test_some_window_has_several_pages(box: ShopInABox):
    box.pull()

    pages = (
        "select max(p) from (select count(*) as p from ops.loads where row_count > 0 group by window_id) as t"
    )
    assert rows(box.database, pages)[0][0] > 1


def test_second_pull_stages_nothing_and_asks_for_no_detail(box: ShopInABox):
    box.pull()
    box.gateway.calls.clear()
    with box.database.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'open'")

    counts = box.pull()

    assert (counts.staged, box.gateway.calls[DETAIL]) == (0, 0)
    assert counts.rows >= 100


def test_changes_while_pages_are_read_lose_nothing(box: ShopInABox):
    box.gateway.behavior.churn_per_call = 3
    box.gateway.behavior.churn_place = 1
    box.pull()

    settle(box)

    assert lost(box) == set()


def test_reading_pages_forward_would_lose_orders(box: ShopInABox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paging, "range", lambda last, *_: builtins.range(1, last + 1), raising=False)
    box.gateway.behavior.churn_per_call = 3
    box.pull()

    settle(box)

    assert lost(box) != set()


def test_lying_total_leaves_the_window_open_and_the_third_time_is_mailed(box: ShopInABox):
    lie = {"kind": "lying_total", "times": 0, "delta": 500}
    box.gateway.faults.replace([lie | {"method": LIST}, lie | {"method": REFUNDS}])
    mails = "select count(*) from ops.alerts where rule_id = 'uncovered_window' and closed_at is null"

    said = [(box.pull().windows_covered, rows(box.database, mails)[0][0] > 0) for _ in range(4)]

    assert said == [(0, False), (0, False), (0, True), (0, True)]
    assert rows(box.database, "select distinct state, attempts from ops.pull_windows") == [("open", 4)]
    assert rows(box.database, mails) == rows(box.database, OPEN)


def test_total_that_hides_every_order_covers_no_window_that_has_some(box: ShopInABox):
    """The week of churn found it: a total of 0, told twice, was believed."""
    box.gateway.faults.replace([{"kind": "lying_total", "method": LIST, "times": 0, "delta": -1_000_000}])
    box.pull()
    box.gateway.faults.replace([])

    box.pass_time(timedelta(minutes=15))
    box.pull()

    assert lost(box) == set()


def test_truth_heals_a_window_that_a_lie_left_open(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "lying_total", "method": LIST, "times": 0, "delta": 500}])
    box.pull()
    box.gateway.faults.replace([])

    counts = box.pull()

    assert (counts.windows_left, rows(box.database, OPEN), lost(box)) == (0, [(0,)], set())


def test_long_ban_is_stored_and_nothing_is_asked_until_it_ends(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 5, "seconds": 600}])

    first = box.pull()
    asked = orders_asked(box)
    second = box.pull()

    assert first.waits_until is not None
    assert (second.waits_until, orders_asked(box)) == (first.waits_until, asked)
    assert rows(
        box.database, "select count(*) from ops.pull_windows where state = 'open' and not_before is null"
    ) == [(0,)]
    box.pass_time(timedelta(minutes=11))
    assert (box.pull().windows_left, lost(box)) == (0, set())


def test_ban_before_anything_is_planned_ends_quietly(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": LIST, "seconds": 600}])

    assert box.pull().waits_until is not None


def test_short_ban_is_waited_out(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 5, "seconds": 3}])

    counts = box.pull()

    assert (counts.waits_until, counts.windows_left, lost(box)) == (None, 0, set())
    assert 3.1 in box.waited


def test_one_failing_detail_is_parked_and_later_resolved(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "error", "method": DETAIL, "id_mod": [41, 3], "times": 0}])
    waiting = "select count(*) from ops.parked_records where resolved_at is null"

    counts = box.pull()

    assert counts.parked > 0
    assert (rows(box.database, OPEN), rows(box.database, waiting)) == ([(0,)], [(counts.parked,)])
    assert len(lost(box)) == counts.parked
    box.gateway.faults.replace([])
    box.pull()
    assert (rows(box.database, waiting), lost(box)) == ([(0,)], set())


def test_record_that_fails_three_times_is_told_once_until_it_is_had(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "error", "method": DETAIL, "id_mod": [41, 3], "times": 0}])
    mails = "select count(*) from ops.outbox where outbox_id like 'mail:alert:parked_record:%'"

    parked = box.pull().parked
    said = [rows(box.database, mails)[0][0]]
    for _ in range(3):
        box.pass_time(timedelta(hours=1))
        box.pull()
        said.append(rows(box.database, mails)[0][0])

    alerts = "select count(*) from ops.alerts where rule_id = 'parked_record' and closed_at is null"
    assert said == [0, 0, 1, 1]
    assert rows(box.database, alerts) == [(parked,)]
    box.gateway.faults.replace([])
    box.pass_time(timedelta(hours=12))
    box.pull()
    assert rows(box.database, alerts) == [(0,)]


def test_kill_between_pages_keeps_what_was_committed_and_the_next_pull_goes_on(
    box: ShopInABox, monkeypatch: pytest.MonkeyPatch
):
    stage_page, staged = fetching.stage_page, []

    def killed_at_the_third(*given, **named):
        if len(staged) == 2:
            raise KeyboardInterrupt
        staged.append(stage_page(*given, **named))
        return staged[-1]

    monkeypatch.setattr(fetching, "stage_page", killed_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        box.pull()
    monkeypatch.setattr(fetching, "stage_page", stage_page)

    assert rows(box.database, "select count(*) from ops.loads") == [(2,)]
    box.pull()
    assert (rows(box.database, OPEN), lost(box)) == ([(0,)], set())


def test_refused_account_stops_the_shop(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "expire_token", "method": DETAIL, "nth": 3}])

    with pytest.raises(CredentialError, match="code 27"):
        box.pull()


def test_platform_that_is_down_fails_the_pull_and_keeps_its_windows(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "status", "method": LIST, "nth": 2, "times": 0}])

    with pytest.raises(TransientError, match="HTTP 503"):
        box.pull()

    box.gateway.faults.replace([])
    assert (box.pull().windows_left, lost(box)) == (0, set())


def test_clock_of_the_hub_may_be_wrong(database: Database):
    box = ShopInABox(database, late=timedelta(hours=31))

    assert (box.pull().windows_left, lost(box)) == (0, set())


def test_record_is_stamped_with_the_time_before_it_was_asked_for(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 5, "seconds": 20}])
    asked_first = box.platform_clock.now()

    box.pull()

    assert rows(box.database, "select min(fetched_at) from staging.taobao_orders") == [(asked_first,)]
