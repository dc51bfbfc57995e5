"""Reads one window by the paging scheme of its stream, and judges whether it is proven complete.

pages: numbered pages, last to first, on a closed window. Forward paging loses orders when one is modified
between two page calls; last to first can only repeat some (docs/explanation/paging.md).
cursor: the platform says what comes next; the window is complete when the cursor ended.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from orderhub.db.leases import Lease
from orderhub.db.windows import PullWindow, split_window
from orderhub.errors import ContractError
from orderhub.platforms.ahead import one_ahead
from orderhub.platforms.fetching import Page, Pull, prepare, stage_rows
from orderhub.platforms.payload import at_path
from orderhub.platforms.protocol import ListCall, Stream
from orderhub.platforms.shape import refuse_removed_paths
from orderhub.platforms.uncovered import REPORT_AFTER, close_covered, tell_of_uncovered, tell_of_unusable_ids

#: A window of more pages is a wrong count, or a cursor that never ends.
MOST_PAGES = 20_000
#: Number, the platform's time when it was asked for, and rows of one page.
_Listed = tuple[int, datetime, list[Any]]


@dataclass
class _Read:
    """The ids of a window; of rows that were left out, hash → why."""

    ids: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)


def read_window(pull: Pull, window: PullWindow, lease: Lease) -> bool:
    """Read one window, and return whether it is proven complete. Each page is committed as it arrives."""
    return _SCHEMES[pull.stream.paging](pull, window, lease)


def probe(pull: Pull, start: datetime, end: datetime) -> None:
    """Ask for a short range: the answer tells the platform's clock, and whether the account is accepted."""
    if pull.stream.paging == "pages":
        _count(pull, start, end)
    else:
        _list(pull, start, end, cursor="")


def _read_pages(pull: Pull, window: PullWindow, lease: Lease) -> bool:
    call = pull.stream.list
    total_before = _count(pull, window.start_at, window.end_at)
    pages = math.ceil(total_before / call.page_size)
    if call.page_cap is not None and pages > call.page_cap:
        return _split(pull, window, lease, total_before)
    if pages > MOST_PAGES:
        raise ContractError(f"{call.method}: {total_before} rows are more than any window has")
    last = pages + _is_full(total_before, call)
    read = _stage_pages(pull, window, lease, _numbered_pages(pull, window.start_at, window.end_at, last))
    if read is None:
        return _stop_early(pull, window, lease)
    total_after = _count(pull, window.start_at, window.end_at) if total_before else 0
    is_covered = total_after <= len(read.ids) + len(read.refused) <= total_before
    totals = (total_before, total_after, len(read.ids))
    return _judge(pull, window, lease, totals, is_covered=is_covered, refused=[*read.refused.values()])


def _is_full(total: int, call: ListCall) -> bool:
    """Return whether one page more is read, to see that it is empty.

    A total that is too small shows in its last page, which has more rows than it should; only a total that
    ends with a full page, or is 0, could hide the rest.
    """
    pages, rest = divmod(total, call.page_size)
    return rest == 0 and (call.page_cap is None or pages < call.page_cap)


def _stage_pages(pull: Pull, window: PullWindow, lease: Lease, pages: Iterator[_Listed]) -> _Read | None:
    """Stage page after page, and return what was read; None when the pull had to stop between two.

    While one page is stored, the next is fetched and made ready: by one thread, as two would fight for
    Python's lock.
    """
    read = _Read()
    with one_ahead(_prepared(pull, pages)) as coming:
        for count, page in enumerate(coming):
            if count and not pull.between_pages():
                return None
            read.ids.update(page.ids)
            read.refused |= page.refused
            stage_rows(pull, window.window_id, lease, page)
    return read


def _prepared(pull: Pull, pages: Iterator[_Listed]) -> Iterator[Page]:
    for number, asked_at, rows in pages:
        yield prepare(pull, f"page {number}", asked_at, rows)


def _split(pull: Pull, window: PullWindow, lease: Lease, total: int) -> bool:
    """Cut a window that has more pages than can be read; both halves are read next time round.

    One second that holds too many cannot be cut: it stays open, is reported, and the others go on.
    """
    with pull.database.transaction(lease) as connection:
        is_split = split_window(connection, pull.clock, window)
    if not is_split:
        return _judge(pull, window, lease, (total, total, 0), is_covered=False)
    pull.counts.windows_left += 2
    return False


def _stop_early(pull: Pull, window: PullWindow, lease: Lease) -> bool:
    """Leave a window that outlasts the pull, cut in two so that the next pull gets through; pages stay."""
    with pull.database.transaction(lease) as connection:
        is_split = split_window(connection, pull.clock, window)
    pull.counts.windows_left += 1 + is_split
    return False


def _read_cursor(pull: Pull, window: PullWindow, lease: Lease) -> bool:
    read = _stage_pages(pull, window, lease, _following_pages(pull, window.start_at, window.end_at))
    if read is None:
        return _stop_early(pull, window, lease)
    refused = [*read.refused.values()]
    count = len(read.ids) + len(refused)
    return _judge(pull, window, lease, (count, count, len(read.ids)), is_covered=True, refused=refused)


def _numbered_pages(pull: Pull, start: datetime, end: datetime, pages: int) -> Iterator[_Listed]:
    for page in range(pages, 0, -1):
        asked_at = pull.client.platform_now()
        yield page, asked_at, _rows(pull, _list(pull, start, end, page=page))


def _following_pages(pull: Pull, start: datetime, end: datetime) -> Iterator[_Listed]:
    cursor, seen = "", {""}
    for page in range(1, MOST_PAGES + 1):
        asked_at = pull.client.platform_now()
        body = _list(pull, start, end, cursor=cursor)
        yield page, asked_at, _rows(pull, body)
        cursor = _next_cursor(pull, body)
        if not cursor:
            return
        if cursor in seen:
            raise ContractError(f"{pull.stream.list.method}: a cursor comes back after page {page}")
        seen.add(cursor)
    raise ContractError(f"{pull.stream.list.method}: the cursor has not ended after {MOST_PAGES} pages")


def list_rows(pull: Pull, start: datetime, end: datetime) -> Iterator[Any]:
    """Yield what the platform lists in [start, end), without details; a row may come twice.

    Raises:
        RetryError: as for reading a window.
    """
    if pull.stream.paging == "cursor":
        for _, _, rows in _following_pages(pull, start, end):
            yield from rows
        return
    pages = math.ceil(_count(pull, start, end) / pull.stream.list.page_size)
    seconds = int((end - start).total_seconds())
    if pull.stream.list.page_cap is not None and pages > pull.stream.list.page_cap and seconds > 1:
        middle = start + timedelta(seconds=seconds // 2)
        yield from list_rows(pull, start, middle)
        yield from list_rows(pull, middle, end)
        return
    for _, _, rows in _numbered_pages(pull, start, end, pages):
        yield from rows


_SCHEMES: dict[str, Callable[[Pull, PullWindow, Lease], bool]] = {
    "pages": _read_pages,
    "cursor": _read_cursor,
}


def _next_cursor(pull: Pull, body: Any) -> str:
    """Return the next cursor, empty when the window ends here."""
    call = pull.stream.list
    found = at_path(body, call.next_cursor or "")
    cursor = "" if found is None else str(found)
    if call.has_more is None:
        return cursor
    if str(at_path(body, call.has_more)).lower() not in ("true", "1"):
        return ""
    if not cursor:
        raise ContractError(f"{call.method}: {call.has_more} says there is more, and there is no cursor")
    return cursor


def _count(pull: Pull, start: datetime, end: datetime) -> int:
    call = pull.stream.list
    body = pull.client.call(call, _values(pull.stream, start, end), call.count_parameters)
    try:
        return int(at_path(body, call.total or ""))
    except (TypeError, ValueError):
        raise ContractError(f"{call.method}: {call.total} is not a count") from None


def _list(pull: Pull, start: datetime, end: datetime, *, page: int = 1, cursor: str = "") -> Any:
    call = pull.stream.list
    return pull.client.call(call, _values(pull.stream, start, end, page, cursor), call.page_parameters)


def _rows(pull: Pull, body: Any) -> list[Any]:
    call = pull.stream.list
    found = at_path(body, call.rows)
    if found is None:
        return []  # The window shrank while it was read: a last page may be empty.
    rows = found if isinstance(found, list) else [found]
    refuse_removed_paths(call.method, pull.shop.id, rows, filter(None, (call.id, call.modified)))
    return rows


def _values(
    stream: Stream, start: datetime, end: datetime, page: int = 1, cursor: str = ""
) -> dict[str, Any]:
    """Return what the placeholders of a list call stand for.

    The end is sent as it is: most platforms do not say whether it counts. Where it does, the second at a
    border is listed twice and staged once; end − 1 s would leave it out where it does not.
    """
    number = page - 1 + stream.list.first_page
    return {"start": start, "end": end, "page": number, "size": stream.list.page_size, "cursor": cursor}


_JUDGE = text("""
    update ops.pull_windows as w set attempts = attempts + 1, total_before = :before, total_after = :after,
        distinct_read = :distinct, rejected_count = :rejected, not_before = null,
        state = case when v.is_covered then 'covered' else 'open' end,
        covered_at = case when v.is_covered then cast(:now as timestamptz) end,
        last_error = case when not v.is_covered then cast(:said as text) end
    from (select window_id, :proven and (:rejected = 0 or attempts + 1 >= :enough) as is_covered
        from ops.pull_windows where window_id = :window) as v
    where w.window_id = v.window_id returning attempts, v.is_covered""")


def _judge(
    pull: Pull, window: PullWindow, lease: Lease, totals: tuple[int, int, int], *, is_covered: bool,
    refused: Sequence[str] = (),
) -> bool:  # fmt: skip
    """Keep what the reading proved: a window that is not over, or whose rows were not all seen, stays open.

    Rows without a usable id keep it open for some readings; then they are told, and nothing waits for them.
    """
    present = pull.client.platform_now()
    total_before, total_after, distinct = totals
    said = f"before {total_before}, after {total_after}, distinct ids {distinct}"
    if window.end_at > present:
        said += f"; the platform's present is {present:%Y-%m-%d %H:%M:%S}, before the window's end"
    values = {
        "before": total_before, "after": total_after, "distinct": distinct, "rejected": len(refused),
        "proven": is_covered and window.end_at <= present, "enough": REPORT_AFTER,
        "now": pull.clock.now(), "said": refused[0] if refused else said, "window": window.window_id,
    }  # fmt: skip
    with pull.database.transaction(lease) as connection:
        attempts, is_covered = connection.execute(_JUDGE, values).one()
        if is_covered and (attempts > REPORT_AFTER or window.kind == "requested"):
            close_covered(connection, pull.clock, pull.source, window)
        if refused and attempts >= REPORT_AFTER:
            tell_of_unusable_ids(connection, pull.clock, pull.source, window, refused)
        elif not is_covered and attempts >= REPORT_AFTER:
            tell_of_uncovered(connection, pull.clock, pull.source, window, said)
    pull.counts.windows_covered += is_covered
    pull.counts.windows_left += not is_covered
    return bool(is_covered)
