"""Pulls one shop of an API platform: closed windows, pages last to first, coverage proven by counting.

Forward paging loses orders when one is modified between two page calls; last to first on a closed window can
only repeat some (docs/explanation/paging.md). A page is committed as it arrives; a kill loses no page.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import PULL_WINDOWS, Lease, hold_row, hold_scope
from orderhub.db.outbox import enqueue
from orderhub.db.windows import Cut, PullWindow, open_windows, plan_windows
from orderhub.errors import ContractError, LeaseTaken, RetryError, ThrottledError, TransientError
from orderhub.platforms.client import Client
from orderhub.platforms.parked import Source, park, unpark, waiting_ids
from orderhub.platforms.payload import at_path
from orderhub.platforms.records import asked_for, modified_of, record_of, row_id
from orderhub.platforms.spec import DetailCall, Platform, Stream
from orderhub.platforms.staging import Record, certain_versions, stage_page
from orderhub.platforms.uncovered import REPORT_AFTER, uncovered_mail

#: A pull stops cleanly after this long and says how many windows are left.
BUDGET = timedelta(minutes=10)
#: A window of more pages is a wrong count; reading it would never end.
MOST_PAGES = 20_000


@dataclass
class PullCounts:
    """What one pull of a shop did; small enough for XCom."""

    windows_covered: int = 0
    windows_left: int = 0
    rows: int = 0
    staged: int = 0
    parked: int = 0
    waits_until: str | None = None


@dataclass(frozen=True)
class Pull:
    """Everything that reading one stream of one shop needs."""

    database: Database
    clock: Clock
    platform: Platform
    shop: Shop
    client: Client
    config: MerchantConfig
    stream_name: str
    counts: PullCounts = field(default_factory=PullCounts)

    @property
    def stream(self) -> Stream:
        """Return the spec of the stream."""
        return self.platform.spec.streams[self.stream_name]  # type: ignore[index] # the name came from there

    @property
    def table(self) -> str:
        """Return the staging table."""
        return f"staging.{self.platform.spec.name}_{self.stream_name}"

    @property
    def source(self) -> Source:
        """Return where parked records come from."""
        return Source(self.platform.spec.name, self.shop.id, self.stream_name, self.config.alerts.supervisors)


def pull_shop(
    database: Database, clock: Clock, platform: Platform, shop: Shop, client: Client, config: MerchantConfig
) -> PullCounts:
    """Plan and read every due window of `shop`; return what was done.

    A ban longer than we wait in place is stored on the windows that wait for it; until then nothing is asked.

    Raises:
        CredentialError: the platform refuses this shop's account; a person must act.
        RetryError: the platform or the database failed for the moment; committed pages stay.
    """
    counts = PullCounts()
    for stream_name in platform.spec.streams:
        pull = Pull(database, clock, platform, shop, client, config, stream_name, counts)
        if _is_banned(pull):
            continue
        try:
            _plan(pull)
            _retry_parked(pull)
        except ThrottledError as error:
            _wait_until(pull, _open(pull), error)
            continue
        _read_windows(pull)
    return counts


def _open(pull: Pull) -> list[PullWindow]:
    return open_windows(pull.database, pull.clock, shop_id=pull.shop.id, stream=pull.stream_name)


def _is_banned(pull: Pull) -> bool:
    with pull.database.read() as connection:
        ban = connection.execute(
            text("""
                select max(not_before) as until, count(*) as windows from ops.pull_windows
                where shop_id = :shop and stream = :stream and state = 'open' and not_before > :now"""),
            {"shop": pull.shop.id, "stream": pull.stream_name, "now": pull.clock.now()},
        ).one()
    if ban.until is None:
        return False
    pull.counts.windows_left += ban.windows
    pull.counts.waits_until = ban.until.isoformat()
    return True


def _plan(pull: Pull) -> None:
    window = pull.stream.window
    _count(pull, *_probe_range(pull))  # The first answer tells the platform's clock.
    until = pull.client.platform_now() - timedelta(seconds=window.lag_seconds)
    cut = Cut(
        since=_first_start(pull) or until - timedelta(days=pull.shop.since_days),
        live=timedelta(minutes=window.live_minutes),
        catch_up=timedelta(minutes=window.catch_up_minutes),
    )
    plan_windows(
        pull.database,
        pull.clock,
        platform=pull.platform.spec.name,
        shop_id=pull.shop.id,
        stream=pull.stream_name,
        until=until,
        cut=cut,
    )


def _probe_range(pull: Pull) -> tuple[datetime, datetime]:
    end = pull.client.platform_now().replace(microsecond=0) - timedelta(minutes=10)
    return end - timedelta(seconds=1), end


def _first_start(pull: Pull) -> datetime | None:
    """Return where this stream's coverage began: later pulls never start after it."""
    statement = text("""
        select min(start_at) from ops.pull_windows
        where shop_id = :shop and stream = :stream and kind <> 'requested'""")
    with pull.database.read() as connection:
        found: datetime | None = connection.execute(
            statement, {"shop": pull.shop.id, "stream": pull.stream_name}
        ).scalar_one()
    return found


def _read_windows(pull: Pull) -> None:
    deadline = pull.clock.now() + BUDGET
    windows = _open(pull)
    broken, failure = 0, None  # The failure that no window was read after.
    for done, window in enumerate(windows):
        if pull.clock.now() > deadline:
            pull.counts.windows_left += len(windows) - done
            return
        try:
            with hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease:
                read_window(pull, window, lease)
                failure = None
        except LeaseTaken:
            continue  # Another process reads it; its pages count as ours.
        except ThrottledError as error:
            _wait_until(pull, windows[done:], error)
            return
        except (ContractError, TransientError) as error:
            if isinstance(failure, TransientError):
                raise  # Two in a row: the platform is down.
            _note_broken(pull, window, error)
            broken, failure = broken + 1, error
    if failure and (isinstance(failure, TransientError) or broken == len(windows) > 1):
        raise failure


def _note_broken(pull: Pull, window: PullWindow, error: RetryError) -> None:
    """Leave a window open that cannot be read, so that those behind it are."""
    pull.counts.windows_left += 1
    values = {"said": str(error), "window": window.window_id}
    try:
        with (
            hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease,
            pull.database.transaction(lease) as connection,
        ):
            if connection.execute(_BROKEN, values).scalar_one() >= REPORT_AFTER:
                enqueue(
                    connection, [uncovered_mail(pull.source, pull.shop.name, window, str(error))], pull.clock
                )
    except LeaseTaken:
        return  # Another process reads it now and judges for itself.


def read_window(pull: Pull, window: PullWindow, lease: Lease) -> bool:
    """Read one window last page to first, judge its coverage, and return whether it is proven complete."""
    total_before = _count(pull, window.start_at, window.end_at)
    distinct: set[str] = set()
    pages = math.ceil(total_before / pull.stream.list.page_size)
    if pages > MOST_PAGES:
        raise ContractError(f"{pull.stream.list.method}: {total_before} rows are more than any window has")
    for page in range(pages, 0, -1):
        rows = _page(pull, window, page)
        distinct.update(row_id(pull.stream, row) for row in rows)
        _stage(pull, window, lease, page, rows)
    total_after = _count(pull, window.start_at, window.end_at) if total_before else 0
    return _judge(pull, window, lease, (total_before, total_after, len(distinct)))


def _count(pull: Pull, start: datetime, end: datetime) -> int:
    call = pull.stream.list
    body = pull.client.call(call, _range(pull.stream, start, end, page=1), call.count_parameters)
    try:
        return int(at_path(body, call.total))
    except (TypeError, ValueError):
        raise ContractError(f"{call.method}: {call.total} is not a count") from None


def _page(pull: Pull, window: PullWindow, page: int) -> list[Any]:
    call = pull.stream.list
    body = pull.client.call(
        call, _range(pull.stream, window.start_at, window.end_at, page), call.page_parameters
    )
    rows = at_path(body, call.rows)
    if rows is None:
        return []  # The window shrank while it was read: a last page may be empty.
    return rows if isinstance(rows, list) else [rows]


def _range(stream: Stream, start: datetime, end: datetime, page: int) -> dict[str, Any]:
    last = end - timedelta(seconds=1) if stream.window.end_inclusive else end
    return {"start": start, "end": last, "page": page, "size": stream.list.page_size}


def _stage(pull: Pull, window: PullWindow, lease: Lease, page: int, rows: list[Any]) -> None:
    failed: dict[str, str] = {}
    asked_at = pull.client.platform_now()
    if pull.stream.detail is None:
        records = [record_of(pull.stream, row, index) for index, row in enumerate(rows)]
    else:
        records, failed = _details(pull, pull.stream.detail, rows)
    _stage_fetched(pull, lease, window.window_id, f"page {page}", records, failed, asked_at, len(rows))


def _details(pull: Pull, call: DetailCall, rows: list[Any]) -> tuple[list[Record], dict[str, str]]:
    """Return whole records of listed rows, and id → reason of those that could not be had."""
    listed = {row_id(pull.stream, row): modified_of(pull.platform.spec, pull.stream, row) for row in rows}
    dated = {record_id: modified for record_id, modified in listed.items() if modified}
    with pull.database.read() as connection:
        known = certain_versions(connection, pull.table, pull.shop.id, dated)
    return _fetch(pull, call, [record_id for record_id in listed if record_id not in known])


def _fetch(pull: Pull, call: DetailCall, ids: list[str]) -> tuple[list[Record], dict[str, str]]:
    records: list[Record] = []
    failed: dict[str, str] = {}

    def fetch(record_id: str) -> Any:
        try:
            return asked_for(pull.stream, record_id, pull.client.call(call, {"id": record_id}))
        except ThrottledError:
            raise
        except RetryError as error:
            return error

    pool = ThreadPoolExecutor(pull.client.concurrency)
    try:
        for index, (record_id, found) in enumerate(zip(ids, pool.map(fetch, ids), strict=True)):
            if isinstance(found, RetryError):
                failed[record_id] = str(found)
                continue
            modified = modified_of(pull.platform.spec, pull.stream, found)
            try:
                records.append(record_of(pull.stream, found, index, record_id, modified))
            except ContractError as error:
                failed[record_id] = str(error)
    finally:
        pool.shutdown(cancel_futures=True)  # A refused account or a ban is not asked forty times more.
    return records, failed


_BROKEN = text("""
    update ops.pull_windows set attempts = attempts + 1, last_error = :said where window_id = :window
    returning attempts""")
_JUDGE = text("""
    update ops.pull_windows set attempts = attempts + 1, total_before = :before, total_after = :after,
        distinct_read = :distinct, not_before = null,
        state = case when :covered then 'covered' else 'open' end,
        covered_at = case when :covered then cast(:now as timestamptz) end,
        last_error = case when not :covered then cast(:said as text) end
    where window_id = :window returning attempts""")


def _judge(pull: Pull, window: PullWindow, lease: Lease, totals: tuple[int, int, int]) -> bool:
    total_before, total_after, distinct = totals
    is_covered = total_after <= distinct <= total_before
    said = f"before {total_before}, after {total_after}, distinct ids {distinct}"
    values = {
        "before": total_before, "after": total_after, "distinct": distinct, "covered": is_covered,
        "now": pull.clock.now(), "said": said, "window": window.window_id,
    }  # fmt: skip
    with pull.database.transaction(lease) as connection:
        attempts = connection.execute(_JUDGE, values).scalar_one()
        if not is_covered and attempts >= REPORT_AFTER:
            enqueue(connection, [uncovered_mail(pull.source, pull.shop.name, window, said)], pull.clock)
    if is_covered:
        pull.counts.windows_covered += 1
    else:
        pull.counts.windows_left += 1
    return is_covered


def _wait_until(pull: Pull, windows: list[PullWindow], error: ThrottledError) -> None:
    """Store the platform's ban on every window that waits, so that no worker is held meanwhile."""
    until = pull.clock.now() + timedelta(seconds=error.wait_seconds)
    pull.counts.windows_left += len(windows)
    pull.counts.waits_until = until.isoformat()
    statement = text("""
        update ops.pull_windows set not_before = :until, last_error = :said where window_id = :window""")
    for window in windows:
        values = {"until": until, "said": str(error), "window": window.window_id}
        try:
            with (
                hold_row(pull.database, PULL_WINDOWS, window.window_id) as lease,
                pull.database.transaction(lease) as connection,
            ):
                connection.execute(statement, values)
        except LeaseTaken:
            continue


def _retry_parked(pull: Pull) -> None:
    """Fetch again what could not be had before."""
    call = pull.stream.detail
    if call is None:
        return
    with pull.database.read() as connection:
        ids = waiting_ids(connection, pull.source)
    if not ids:
        return
    asked_at = pull.client.platform_now()
    records, failed = _fetch(pull, call, ids)
    try:
        with hold_scope(pull.database, f"parked:{pull.shop.id}") as lease:
            _stage_fetched(pull, lease, None, "parked records", records, failed, asked_at, len(records))
    except LeaseTaken:
        return  # Another pull of this shop tries the same ids now.


def _stage_fetched(
    pull: Pull,
    lease: Lease,
    window_id: int | None,
    source: str,
    records: list[Record],
    failed: dict[str, str],
    asked_at: datetime,
    row_count: int,
) -> None:
    with pull.database.transaction(lease) as connection:
        staged = stage_page(
            connection,
            pull.clock,
            platform=pull.platform.spec.name,
            shop_id=pull.shop.id,
            stream=pull.stream_name,
            window_id=window_id,
            source=source,
            records=records,
            row_count=row_count,
            asked_at=asked_at,
        )
        where = source if window_id is None else f"window {window_id} {source}"
        park(connection, pull.clock, pull.source, failed, where)
        unpark(connection, pull.clock, pull.source, [record.record_id for record in records])
    pull.counts.rows += staged.row_count
    pull.counts.staged += staged.staged_count
    pull.counts.parked += len(failed)
