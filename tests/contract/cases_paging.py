"""Paging: whatever happens while a window is read, it is either complete or it stays open."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest

from orderhub.errors import OrderhubError
from orderhub.platforms import fetching, paging
from orderhub.platforms.payload import at_path
from tests.contract.case import Case, always, reads_a_cursor, reads_pages
from tests.contract.connector import Connector
from tests.contract.lab import NOW, PAGE, Lab
from tests.contract.records import put
from tests.contract.wire import Asked

#: Records of one window; the windows of a day cannot all be shorter than this takes.
TOGETHER = timedelta(seconds=1)


def every_record_of_several_pages_is_staged_once(lab: Lab) -> None:
    ids = lab.fill(3 * PAGE + 1, step=TOGETHER)
    counts = lab.pull()

    assert (len(ids), set()) == (lab.staged(), lab.missing())
    assert counts.windows_left == 0


def window_without_records_is_covered(lab: Lab) -> None:
    counts = lab.pull()

    assert (0, 0) == (counts.windows_left, lab.staged())
    assert {"covered"} == lab.windows().keys()


def changes_between_pages_lose_nothing(lab: Lab) -> None:
    lab.fill(4 * PAGE, step=TOGETHER)

    def change_the_first(asked: Asked) -> None:
        if asked.kind == "list" and lab.platform.holds(asked):
            lab.platform.touch(lab.stream, lab.platform.first_of(asked), lab.platform_clock.now())

    lab.platform.after.append(change_the_first)
    lab.pull()
    lab.platform.after.clear()
    lab.pass_time(timedelta(minutes=15))
    lab.pull()
    lab.pull()

    assert set() == lab.missing()


def records_of_one_second_are_told_apart(lab: Lab) -> None:
    ids = lab.fill(2 * PAGE + 2, step=timedelta())
    lab.pull()

    assert (len(ids), set()) == (lab.staged(), lab.missing())


def records_that_leave_between_pages_leave_empty_pages(lab: Lab) -> None:
    lab.fill(4 * PAGE, step=TOGETHER)
    lab.platform.rewrites.append(_nothing_where_nothing_is(lab))
    shelf = lab.platform.shelves[lab.stream]

    def shrink(asked: Asked) -> None:
        if lab.platform.holds(asked) and len(shelf) > PAGE + 2:
            for gone in sorted(shelf)[PAGE + 2 :]:
                del shelf[gone]

    lab.platform.after.append(shrink)
    lab.pull()
    counts = lab.pull()

    assert (set(), 0) == (lab.missing(), counts.windows_left)


def _nothing_where_nothing_is(lab: Lab) -> Any:
    """Leave an empty list of rows out of the answer, as some platforms do."""

    def rewrite(asked: Asked, value: Any) -> Any:
        rows = lab.rows_in(asked, value)
        return lab.with_rows(asked, value, None) if rows == [] else value

    return rewrite


def no_rows_may_be_said_as_null(lab: Lab) -> None:
    lab.fill(2)
    lab.platform.rewrites.append(_nothing_where_nothing_is(lab))
    counts = lab.pull()

    assert (set(), 0) == (lab.missing(), counts.windows_left)


def one_row_may_come_without_its_list(lab: Lab) -> None:
    lab.fill(1)

    def bare(asked: Asked, value: Any) -> Any:
        rows = lab.rows_in(asked, value)
        return lab.with_rows(asked, value, rows[0]) if rows else value

    lab.platform.rewrites.append(bare)
    counts = lab.pull()

    assert (set(), 0) == (lab.missing(), counts.windows_left)


def total_that_is_too_high_leaves_the_window_open(lab: Lab) -> None:
    lab.fill(3)
    _assert_open_and_healed(lab, 7)


def total_that_is_too_low_leaves_the_window_open(lab: Lab) -> None:
    lab.fill(4)
    _assert_open_and_healed(lab, -2)


def _assert_open_and_healed(lab: Lab, lie: int) -> None:
    path = str(lab.truth.stream(lab.stream).list.total).split("|")[0]

    def lying(asked: Asked, value: Any) -> Any:
        if asked.kind != "detail" and at_path(value, path):
            put(value, path, at_path(value, path) + lie)
        return value

    lab.platform.rewrites.append(lying)
    with contextlib.suppress(OrderhubError):
        lab.pull()
    assert lab.windows().get("open") == 1
    lab.platform.rewrites.clear()
    counts = lab.pull()
    assert (set(), 0) == (lab.missing(), counts.windows_left)


def rows_given_twice_are_staged_once(lab: Lab) -> None:
    ids = lab.fill(PAGE + 1, step=TOGETHER)
    lab.platform.rewrites.append(
        lambda asked, value: lab.changed_rows(asked, value, lambda rows: rows + rows)
    )
    counts = lab.pull()

    assert (len(ids), set(), 0) == (lab.staged(), lab.missing(), counts.windows_left)


def order_of_rows_does_not_matter(lab: Lab) -> None:
    ids = lab.fill(2 * PAGE + 1, step=TOGETHER)
    lab.platform.rewrites.append(lambda asked, value: lab.changed_rows(asked, value, lambda rows: rows[::-1]))
    counts = lab.pull()

    assert (len(ids), set(), 0) == (lab.staged(), lab.missing(), counts.windows_left)


def cursor_that_comes_back_proves_nothing(lab: Lab) -> None:
    _assert_no_proof(lab, lambda _: "the same")


def cursor_that_never_ends_proves_nothing(lab: Lab) -> None:
    lab.monkeypatch.setattr(paging, "MOST_PAGES", 6)
    _assert_no_proof(lab, lambda number: f"another {number}")


def _assert_no_proof(lab: Lab, cursor: Any) -> None:
    lab.fill(3)
    call = lab.truth.stream(lab.stream).list
    numbers: list[int] = []

    def endless(asked: Asked, value: Any) -> Any:
        if asked.kind == "detail":
            return value
        numbers.append(len(numbers))
        put(value, str(call.next_cursor).split("|")[0], cursor(len(numbers)))
        if call.has_more:
            put(value, call.has_more, True)  # noqa: FBT003 - the value that is put
        return value

    lab.platform.rewrites.append(endless)
    with contextlib.suppress(OrderhubError):
        lab.pull()

    assert "covered" not in lab.windows()
    lab.platform.rewrites.clear()
    lab.pull()
    assert set() == lab.missing()


def last_page_that_names_a_cursor_ends_the_window(lab: Lab) -> None:
    ids = lab.fill(PAGE + 1, step=TOGETHER)
    counts = lab.pull()

    assert (len(ids), 0) == (lab.staged(), counts.windows_left)


def names_a_cursor_at_the_end(connector: Connector, stream: str) -> bool:
    return reads_a_cursor(connector, stream) and connector.facts(stream).cursor_at_end


def second_pull_stages_nothing(lab: Lab) -> None:
    lab.fill(PAGE + 2)
    lab.pull()
    staged = lab.staged()
    lab.platform.asked.clear()
    lab.reopen()
    lab.pull()

    details = [asked for asked in lab.platform.asked if asked.kind == "detail"]
    assert staged == lab.staged()
    assert details == [] or not isinstance(lab.connector.facts(lab.stream).row, dict | None)


def field_that_means_nothing_makes_no_version(lab: Lab) -> None:
    lab.fill(3)
    lab.pull()
    staged = lab.staged()
    for kept in lab.platform.shelves[lab.stream].values():
        for name in lab.connector.facts(lab.stream).volatile:
            put(kept.record, name, f"noise {at_path(kept.record, name)}")
    lab.reopen()
    lab.pull()

    assert staged == lab.staged()


def has_noise(connector: Connector, stream: str) -> bool:
    return bool(connector.facts(stream).volatile)


def kill_between_pages_is_healed_by_the_next_pull(lab: Lab) -> None:
    lab.fill(3 * PAGE, step=TOGETHER)
    stage_page, staged = fetching.stage_page, []

    def killed_at_the_second(*given: Any, **named: Any) -> Any:
        if named["row_count"] and len(staged) == 1:
            raise KeyboardInterrupt
        made = stage_page(*given, **named)
        if named["row_count"]:
            staged.append(made)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetching, "stage_page", killed_at_the_second)
        with contextlib.suppress(KeyboardInterrupt):
            lab.pull()
    assert lab.staged() == PAGE
    lab.pass_time(timedelta(minutes=30))
    counts = lab.pull()

    assert (set(), 0) == (lab.missing(), counts.windows_left)


def newest_records_come_before_old_ones(lab: Lab) -> None:
    lab.fill(3)
    lab.fill(1, first=NOW - timedelta(minutes=4))
    lab.pull()

    starts = [
        asked.values["start"]
        for asked in lab.platform.asked
        if asked.kind == "list" and lab.platform.holds(asked)
    ]
    assert starts[0] == max(starts)


CASES = {
    case.check.__name__: case
    for case in (
        Case(every_record_of_several_pages_is_staged_once, always, per_stream=True),
        Case(window_without_records_is_covered, always, per_stream=True),
        Case(changes_between_pages_lose_nothing, always, per_stream=True),
        Case(records_of_one_second_are_told_apart, always, per_stream=True),
        Case(records_that_leave_between_pages_leave_empty_pages, always, per_stream=True),
        Case(no_rows_may_be_said_as_null, always, per_stream=True),
        Case(one_row_may_come_without_its_list, always, per_stream=True),
        Case(total_that_is_too_high_leaves_the_window_open, reads_pages, per_stream=True),
        Case(total_that_is_too_low_leaves_the_window_open, reads_pages, per_stream=True),
        Case(rows_given_twice_are_staged_once, always, per_stream=True),
        Case(order_of_rows_does_not_matter, always, per_stream=True),
        Case(cursor_that_comes_back_proves_nothing, reads_a_cursor, per_stream=True),
        Case(cursor_that_never_ends_proves_nothing, reads_a_cursor, per_stream=True),
        Case(last_page_that_names_a_cursor_ends_the_window, names_a_cursor_at_the_end, per_stream=True),
        Case(second_pull_stages_nothing, always, per_stream=True),
        Case(field_that_means_nothing_makes_no_version, has_noise, per_stream=True),
        Case(kill_between_pages_is_healed_by_the_next_pull, always, per_stream=True),
        Case(newest_records_come_before_old_ones),
    )
}
