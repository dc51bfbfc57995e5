from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.db.leases import PULL_WINDOWS, hold_row
from orderhub.db.windows import (
    Cut,
    Progress,
    Request,
    cut_gap,
    open_windows,
    plan_windows,
    progress_of,
    request_range,
    requested_windows,
    split_window,
)

START = datetime(2026, 11, 20, tzinfo=UTC)
CLOCK = FixedClock(START + timedelta(days=1))
CUT = Cut(since=START, live=timedelta(minutes=30), catch_up=timedelta(hours=6))


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def plan(database: Database, until: datetime, cut: Cut = CUT) -> int:
    return plan_windows(
        database, CLOCK, platform="taobao", shop_id="tb", stream="orders", until=until, cut=cut
    )


def work(database: Database) -> list[tuple[str, float, float]]:
    """Return the windows in the order they are read, in hours since START."""
    hour = timedelta(hours=1)
    return [
        (w.kind, (w.start_at - START) / hour, (w.end_at - START) / hour)
        for w in open_windows(database, CLOCK, shop_id="tb", stream="orders", present=CLOCK.now())
    ]


def change(owner: Database, statement: str) -> None:
    with owner.engine.begin() as connection:
        connection.execute(text(statement))


def test_window_beyond_the_present_is_cut_there_and_the_rest_is_planned_when_it_is_over(database: Database):
    plan(database, at(24.25))

    assert 0 == plan(database, at(24))
    assert 24.0 == max(end for _, _, end in work(database))

    assert 1 == plan(database, at(24.5))


def test_newest_window_is_live_and_short_and_the_rest_is_cut_oldest_first(database: Database):
    assert plan(database, at(13)) == 4
    assert work(database) == [
        ("live", 12.5, 13.0),
        ("gap", 0.0, 6.0),
        ("gap", 6.0, 12.0),
        ("gap", 12.0, 12.5),
    ]


def test_planning_twice_plans_nothing_new(database: Database):
    plan(database, at(13))

    assert plan(database, at(13)) == 0


def test_next_tick_plans_only_what_is_new(database: Database):
    plan(database, at(13))

    assert plan(database, at(13.25)) == 1
    assert work(database)[:2] == [("live", 13.0, 13.25), ("live", 12.5, 13.0)]


def test_hole_in_the_middle_is_found(database: Database, owner: Database):
    plan(database, at(13))
    change(owner, "delete from ops.pull_windows where kind = 'gap' and end_at = '2026-11-20 12:00+00'")

    assert plan(database, at(13)) == 1
    assert ("gap", 6.0, 12.0) in work(database)


def test_covered_windows_are_not_read_again(database: Database, owner: Database):
    plan(database, at(13))
    change(owner, "update ops.pull_windows set state = 'covered' where kind = 'gap'")

    assert (plan(database, at(13)), work(database)) == (0, [("live", 12.5, 13.0)])


def test_throttled_window_waits_until_its_time(database: Database, owner: Database):
    plan(database, at(6))
    change(owner, "update ops.pull_windows set not_before = '2026-11-21 00:00:01+00' where kind = 'gap'")

    assert work(database) == [("live", 5.5, 6.0)]


def test_nothing_to_plan_before_the_stream_begins(database: Database):
    assert (plan(database, START), plan(database, at(-1))) == (0, 0)


def test_parts_of_seconds_are_left_for_the_next_window(database: Database):
    plan(database, at(1) + timedelta(milliseconds=900))

    assert work(database) == [("live", 0.5, 1.0), ("gap", 0.0, 0.5)]


def request(database: Database, since: datetime, until: datetime) -> Request:
    return request_range(
        database, CLOCK, platform="taobao", shop_id="tb", stream="orders", since=since, until=until,
        length=timedelta(hours=6), actor="li",
    )  # fmt: skip


def test_requested_range_is_read_last_though_covered(database: Database, owner: Database):
    plan(database, at(6))
    change(owner, "update ops.pull_windows set state = 'covered' where kind = 'gap'")

    asked = request(database, at(0), at(7))

    assert progress_of(database, [asked]) == Progress(windows=2, left=2)
    assert work(database) == [("live", 5.5, 6.0), ("requested", 0.0, 6.0), ("requested", 6.0, 7.0)]


def test_requested_range_reaching_into_the_future_hides_nothing_from_planning(database: Database):
    plan(database, at(6))
    request(database, at(0), at(24))

    assert plan(database, at(7)) == 2
    assert work(database)[0] == ("live", 6.5, 7.0)


def test_empty_range_requests_nothing(database: Database):
    assert progress_of(database, [request(database, at(1), at(1))]) == Progress(windows=0, left=0)


def test_same_range_asked_for_again_while_it_is_read_is_the_same_request(database: Database, owner: Database):
    first = request(database, at(0), at(13))
    change(owner, "update ops.pull_windows set state = 'covered' where start_at = '2026-11-20 00:00+00'")

    again = request(database, at(0), at(13))

    assert (again, progress_of(database, [again])) == (first, Progress(windows=3, left=2))
    assert [window.start_at for window in requested_windows(database, CLOCK, again)] == [at(6), at(12)]


def test_range_that_was_read_is_read_again_when_asked_for_again(database: Database, owner: Database):
    first = request(database, at(0), at(6))
    change(owner, "update ops.pull_windows set state = 'covered'")

    again = request(database, at(0), at(6))

    assert (first.request_id, again.request_id) == (
        "2026-11-20T00:00:00/2026-11-20T06:00:00#1",
        "2026-11-20T00:00:00/2026-11-20T06:00:00#2",
    )
    assert progress_of(database, [again]) == Progress(windows=1, left=1)


def test_half_of_a_requested_window_belongs_to_its_request(database: Database):
    asked = request(database, at(0), at(6))
    window = requested_windows(database, CLOCK, asked)[0]

    with (
        hold_row(database, PULL_WINDOWS, window.window_id) as lease,
        database.transaction(lease) as connection,
    ):
        split_window(connection, CLOCK, window)

    assert progress_of(database, [asked]) == Progress(windows=2, left=2)


@pytest.mark.parametrize("minutes", [1, 29, 30, 31, 360, 390, 391, 5000])
def test_pieces_fill_their_gap_without_overlap(minutes: int):
    end = START + timedelta(minutes=minutes)

    pieces = sorted((start, stop) for _, start, stop in cut_gap(START, end, end, CUT))

    assert [pieces[0][0], *(stop for _, stop in pieces)] == [*(start for start, _ in pieces), end]
