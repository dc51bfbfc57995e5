"""Mistakes that only the engine could make, put into it for one test; broken/*.yaml calls them by name."""

import builtins
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderhub.errors import TransientError
from orderhub.platforms import client, converters, fetching, paging, receiving, records, staging
from orderhub.platforms.payload import parse_json

Fault = Callable[[pytest.MonkeyPatch], None]


def pages_are_read_forward(patch: pytest.MonkeyPatch) -> None:
    """First page to last: what leaves a page meanwhile moves the next ones up."""
    patch.setattr(paging, "range", lambda last, *_: builtins.range(1, last + 1), raising=False)


def last_page_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """The oldest mistake of paging: one page too few, and nothing is counted."""
    patch.setattr(paging, "range", lambda last, *_: builtins.range(last - 1, 0, -1), raising=False)
    counts_are_not_compared(patch)


def counts_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Every window that was read counts as complete."""
    judge = paging._judge
    patch.setattr(paging, "_judge", lambda *given, **_: judge(*given, is_covered=True))


def ends_are_sent_less_one_second(patch: pytest.MonkeyPatch) -> None:
    """Right where the end counts; elsewhere the last second of every window is missing, and it is covered."""
    values = paging._values

    def less_one(stream: Any, start: datetime, end: datetime, *more: Any) -> Any:
        return values(stream, start, end - timedelta(seconds=1), *more)

    patch.setattr(paging, "_values", less_one)


def page_is_lost_when_its_process_is_killed(patch: pytest.MonkeyPatch) -> None:
    """A window is marked as covered before its pages are in."""
    read_window = paging._SCHEMES["pages"]

    def covered_first(pull: Any, window: Any, lease: Any) -> bool:
        paging._judge(pull, window, lease, (0, 0, 0), is_covered=True)
        return read_window(pull, window, lease)

    patch.setitem(paging._SCHEMES, "pages", covered_first)


def one_nonce_for_all(patch: pytest.MonkeyPatch) -> None:
    """The nonce is a constant."""
    patch.setattr(client.secrets, "token_hex", lambda *_: "00112233aabbccdd")


def platform_clock_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """Windows and stamps follow the hub's clock, whatever it shows."""
    patch.setattr(client.Client, "_note_skew", lambda *_: None)


def windows_may_end_in_the_future(patch: pytest.MonkeyPatch) -> None:
    """A window that was read is covered, though the platform's present is before its end."""
    judge = paging._judge

    def judge_later(pull: Any, *given: Any, **named: Any) -> bool:
        patch.setattr(pull.client, "platform_now", lambda: datetime.max.replace(tzinfo=UTC))
        try:
            return judge(pull, *given, **named)
        finally:
            patch.delattr(pull.client, "platform_now")

    patch.setattr(paging, "_judge", judge_later)


def bad_rows_are_waited_for_without_end(patch: pytest.MonkeyPatch) -> None:
    """A row that never gets an id keeps its window open for good, and with it the cut-offs of its shop."""
    patch.setattr(paging, "REPORT_AFTER", 1 << 30)


def nothing_is_tried_twice(patch: pytest.MonkeyPatch) -> None:
    """One attempt per call."""
    patch.setattr(client, "ATTEMPTS", 1)


def any_encoding_will_do(patch: pytest.MonkeyPatch) -> None:
    """Bytes that are not UTF-8 are replaced, and the answer is taken."""
    from orderhub.platforms import envelope

    def lenient(body: bytes, what: str) -> Any:
        return parse_json(body.decode("utf-8", "replace").encode(), what)

    patch.setattr(envelope, "parse_json", lenient)


def answers_may_be_of_any_size(patch: pytest.MonkeyPatch) -> None:
    """A page of any length is read into memory."""
    patch.setattr(receiving, "MAX_ANSWER_BYTES", 1 << 40)


def lists_must_be_lists(patch: pytest.MonkeyPatch) -> None:
    """One row that comes without its list is overlooked."""
    rows = paging._rows
    patch.setattr(paging, "_rows", lambda pull, body: rows(pull, _without_single_rows(pull, body)))


def _without_single_rows(pull: Any, body: Any) -> Any:
    found = paging.at_path(body, pull.stream.list.rows)
    return body if isinstance(found, list) else {}


def rows_that_are_no_records_are_skipped(patch: pytest.MonkeyPatch) -> None:
    """What cannot be read is thrown away, and the window counts as complete."""
    rows = paging._rows
    patch.setattr(
        paging, "_rows", lambda pull, body: [row for row in rows(pull, body) if isinstance(row, dict)]
    )


def counts_must_be_numbers(patch: pytest.MonkeyPatch) -> None:
    """A count that comes as text is no count."""
    at_path = paging.at_path

    def strict(value: Any, path: str) -> Any:
        found = at_path(value, path)
        return None if isinstance(found, str) and found.isdigit() else found

    patch.setattr(paging, "at_path", strict)


def ids_pass_through_floats(patch: pytest.MonkeyPatch) -> None:
    """19 digits do not fit a float: neighbours become one."""
    row_id = records.row_id

    def rounded(stream: Any, row: Any) -> str:
        exact = row_id(stream, row)
        return str(int(float(exact))) if exact.isdigit() else exact

    for module in (fetching, records):
        patch.setattr(module, "row_id", rounded)


def ids_may_be_anything(patch: pytest.MonkeyPatch) -> None:
    """Ids of any length and any characters are stored."""

    def anything(stream: Any, row: Any) -> str:
        return str(records.at_path(row, stream.list.id)).replace("\x07", "?")

    for module in (fetching, records):
        patch.setattr(module, "row_id", anything)


def payloads_are_stored_as_they_come(patch: pytest.MonkeyPatch) -> None:
    """What the database refuses is not replaced."""
    patch.setattr(records, "storable", lambda text: (text, None))


def details_are_believed(patch: pytest.MonkeyPatch) -> None:
    """A detail is stored under the id that was asked for, whatever it says."""
    patch.setattr(fetching, "asked_for", lambda _stream, _record_id, found: found)


def versions_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Every row that comes is stored once more."""
    patch.setattr(staging, "_unseen", lambda *given: list(given[-1]))


def old_windows_come_first(patch: pytest.MonkeyPatch) -> None:
    """Catching up delays the newest orders."""
    from orderhub.platforms import extract

    patch.setattr(extract, "_TURNS", {"live": 2, "gap": 1, "requested": 0})


def money_is_rounded(patch: pytest.MonkeyPatch) -> None:
    """A third decimal is rounded away instead of being told."""
    patch.setitem(converters.CONVERTERS, "yuan", lambda value: f"round({value}::numeric * 100)::bigint")


def times_are_guessed(patch: pytest.MonkeyPatch) -> None:
    """A time that cannot be read becomes the present."""
    epoch = converters.CONVERTERS["epoch_s"]
    patch.setitem(
        converters.CONVERTERS,
        "epoch_s",
        lambda value: f"coalesce({epoch(value)}, case when {value} is not null then now() end)",
    )


def failures_count_as_nothing(patch: pytest.MonkeyPatch) -> None:
    """A call that failed is taken for one that found nothing."""
    count, listed = paging._count, paging._list

    def nothing_counted(*given: Any) -> int:
        try:
            return count(*given)
        except TransientError:
            return 0

    def nothing_listed(*given: Any, **named: Any) -> Any:
        try:
            return listed(*given, **named)
        except TransientError:
            return {}

    patch.setattr(paging, "_count", nothing_counted)
    patch.setattr(paging, "_list", nothing_listed)


def writes_are_repeated(patch: pytest.MonkeyPatch) -> None:
    """What changes something is tried again like what only reads."""
    patch.setattr(client, "_is_short_ban", client._is_worth_retrying)


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        pages_are_read_forward, last_page_is_dropped, counts_are_not_compared,
        page_is_lost_when_its_process_is_killed, one_nonce_for_all, platform_clock_is_not_looked_at,
        nothing_is_tried_twice, any_encoding_will_do, answers_may_be_of_any_size, lists_must_be_lists,
        rows_that_are_no_records_are_skipped, ends_are_sent_less_one_second,
        windows_may_end_in_the_future, bad_rows_are_waited_for_without_end,
        counts_must_be_numbers, ids_pass_through_floats, ids_may_be_anything, payloads_are_stored_as_they_come,
        details_are_believed, versions_are_not_compared, old_windows_come_first, money_is_rounded,
        times_are_guessed, failures_count_as_nothing, writes_are_repeated,
    )
}  # fmt: skip
