"""Pull windows: which closed time ranges of a stream are proven complete, and which to read next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import LeaseTaken


@dataclass(frozen=True)
class PullWindow:
    """One open window. Half-open [start_at, end_at), UTC, whole seconds."""

    window_id: int
    platform: str
    shop_id: str
    stream: str
    kind: str
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True)
class Cut:
    """How long windows may be, and where the stream begins."""

    since: datetime
    live: timedelta
    catch_up: timedelta


_GAPS = text("""
    select lower(gap) as start_at, upper(gap) as end_at
    from unnest(
        tstzmultirange(tstzrange(:since, :until)) - coalesce((
            select range_agg(tstzrange(start_at, end_at)) from ops.pull_windows
            where platform = :platform and shop_id = :shop and stream = :stream and kind <> 'requested'
        ), '{}'::tstzmultirange)
    ) as gap
    where not isempty(gap)
    order by 1""")


#: A platform's clock was ahead when they were planned.
_SHORTEN = text("""
    update ops.pull_windows set end_at = :until
    where platform = :platform and shop_id = :shop and stream = :stream and kind <> 'requested'
      and state = 'open' and start_at < :until and end_at > :until""")


def plan_windows(
    database: Database, clock: Clock, *, platform: str, shop_id: str, stream: str, until: datetime, cut: Cut
) -> int:
    """Cut everything between `cut.since` and `until` that no window holds yet, and return how many are new.

    Coverage decides, not a cursor: a range that nobody planned (hub down, shop added late) is planned now.
    An open window that goes beyond `until` ends there; the rest is planned when its time has come.
    Concurrent planners are serialised by a lease; whoever comes second finds nothing to plan.
    """
    until = until.replace(microsecond=0)
    since = cut.since.replace(microsecond=0)
    if until <= since:
        return 0
    key = {"platform": platform, "shop": shop_id, "stream": stream}
    try:
        with (
            hold_scope(database, f"plan:{shop_id}:{stream}") as lease,
            database.transaction(lease) as connection,
        ):
            connection.execute(_SHORTEN, {**key, "until": until})
            gaps = connection.execute(_GAPS, {**key, "since": since, "until": until}).all()
            rows = [
                {**key, "kind": kind, "start": start, "end": end, "now": clock.now()}
                for gap in gaps
                for kind, start, end in cut_gap(gap.start_at, gap.end_at, until, cut)
            ]
            if rows:
                connection.execute(
                    text(
                        "insert into ops.pull_windows "
                        "(platform, shop_id, stream, kind, start_at, end_at, created_at) "
                        "values (:platform, :shop, :stream, :kind, :start, :end, :now)"
                    ),
                    rows,
                )
            return len(rows)
    except LeaseTaken:
        return 0


def cut_gap(
    start: datetime, end: datetime, until: datetime, cut: Cut
) -> list[tuple[str, datetime, datetime]]:
    """Return (kind, start, end) pieces: the newest as a short live window, the rest in catch-up lengths."""
    pieces: list[tuple[str, datetime, datetime]] = []
    if end == until:
        live_start = max(start, end - cut.live)
        pieces.append(("live", live_start, end))
        end = live_start
    while start < end:
        piece_end = min(start + cut.catch_up, end)
        pieces.append(("gap", start, piece_end))
        start = piece_end
    return pieces


def open_windows(
    database: Database, clock: Clock, *, shop_id: str, stream: str, present: datetime
) -> list[PullWindow]:
    """Return the windows to read: newest live first, then gaps oldest first, then requested ones.

    What begins after `present`, the platform's, waits: its clock was ahead when it was planned.
    """
    with database.read() as connection:
        rows = connection.execute(
            text("""
                select window_id, platform, shop_id, stream, kind, start_at, end_at from ops.pull_windows
                where shop_id = :shop and stream = :stream and state = 'open' and start_at < :present
                  and (not_before is null or not_before <= :now)
                order by case kind when 'live' then 0 when 'gap' then 1 else 2 end,
                         extract(epoch from start_at) * case kind when 'live' then -1 else 1 end"""),
            {"shop": shop_id, "stream": stream, "now": clock.now(), "present": present},
        ).all()
    return [PullWindow(*row) for row in rows]


@dataclass(frozen=True)
class Request:
    """A backfill of one stream of a shop: the windows that carry its id."""

    shop_id: str
    stream: str
    request_id: str


_UNFINISHED = text("""
    select min(request_id) filter (where state = 'open') as unfinished, count(distinct request_id) as requests
    from ops.pull_windows
    where shop_id = :shop and stream = :stream and starts_with(request_id, :range)""")
_REQUEST = text("""
    insert into ops.pull_windows
        (platform, shop_id, stream, kind, start_at, end_at, requested_by, request_id, created_at)
    values (:platform, :shop, :stream, 'requested', :start, :end, :actor, :request, :now)""")


def request_range(
    database: Database, clock: Clock, *, platform: str, shop_id: str, stream: str,
    since: datetime, until: datetime, length: timedelta, actor: str,
) -> Request:  # fmt: skip
    """Add requested windows over a range, read again though covered, and return the request.

    The same range asked for again while it is being read is the same request: nothing is added.
    Requested windows prove nothing about coverage: planning does not count them.

    Raises:
        LeaseTaken: somebody plans this stream now; ask again.
    """
    since, until = since.replace(microsecond=0), until.replace(microsecond=0)
    asked = f"{since:%Y-%m-%dT%H:%M:%S}/{until:%Y-%m-%dT%H:%M:%S}#"
    key = {"platform": platform, "shop": shop_id, "stream": stream}
    with hold_scope(database, f"plan:{shop_id}:{stream}") as lease, database.transaction(lease) as connection:
        earlier = connection.execute(_UNFINISHED, {**key, "range": asked}).one()
        if earlier.unfinished is not None:
            return Request(shop_id, stream, earlier.unfinished)
        request = Request(shop_id, stream, f"{asked}{earlier.requests + 1}")
        rows = [
            {
                **key, "start": start, "end": end, "actor": actor, "request": request.request_id,
                "now": clock.now(),
            }
            for start, end in _pieces(since, until, length)
        ]  # fmt: skip
        if rows:
            connection.execute(_REQUEST, rows)
        return request


def _pieces(since: datetime, until: datetime, length: timedelta) -> list[tuple[datetime, datetime]]:
    pieces = []
    while since < until:
        pieces.append((since, min(since + length, until)))
        since += length
    return pieces


def requested_windows(database: Database, clock: Clock, request: Request) -> list[PullWindow]:
    """Return the windows of a request that are left to read now, oldest first."""
    with database.read() as connection:
        rows = connection.execute(
            text("""
                select window_id, platform, shop_id, stream, kind, start_at, end_at from ops.pull_windows
                where shop_id = :shop and stream = :stream and request_id = :request and state = 'open'
                  and (not_before is null or not_before <= :now)
                order by start_at"""),
            {**_of(request), "now": clock.now()},
        ).all()
    return [PullWindow(*row) for row in rows]


@dataclass(frozen=True)
class Progress:
    """How far requests are.

    Attributes:
        windows: in all, refused ones among them.
        left: still open.
        waits_until: UTC; until when a ban lasts.
        last_error: what the last reading of one that is not covered said.
        refused: that the platform does not give; they are not asked for again.
    """

    windows: int
    left: int
    waits_until: datetime | None = None
    last_error: str | None = None
    refused: int = 0


def progress_of(database: Database, requests: Iterable[Request]) -> Progress:
    """Return how far `requests` are together."""
    statement = text("""
        select count(*) as windows, count(*) filter (where state = 'open') as left,
            max(not_before) filter (where state = 'open') as waits_until,
            max(last_error) filter (where state <> 'covered') as last_error,
            count(*) filter (where state = 'refused') as refused
        from ops.pull_windows
        where shop_id = :shop and stream = :stream and request_id = :request""")
    with database.read() as connection:
        found = [connection.execute(statement, _of(request)).one() for request in requests]
    return Progress(
        windows=sum(row.windows for row in found),
        left=sum(row.left for row in found),
        waits_until=max((row.waits_until for row in found if row.waits_until), default=None),
        last_error=next((row.last_error for row in found if row.last_error), None),
        refused=sum(row.refused for row in found),
    )


def _of(request: Request) -> dict[str, str]:
    return {"shop": request.shop_id, "stream": request.stream, "request": request.request_id}


def split_window(connection: Connection, clock: Clock, window: PullWindow) -> bool:
    """Cut `window` in two in the caller's transaction, and return whether it was long enough to be cut.

    Together the halves hold exactly what the window held, so that planning sees no difference.
    """
    seconds = int((window.end_at - window.start_at).total_seconds())
    if seconds < 2:  # noqa: PLR2004 - windows have whole seconds
        return False
    values = {"window": window.window_id, "middle": window.start_at + timedelta(seconds=seconds // 2)}
    connection.execute(
        text(
            "insert into ops.pull_windows "
            "(platform, shop_id, stream, kind, start_at, end_at, requested_by, request_id, created_at) "
            "select platform, shop_id, stream, kind, :middle, end_at, requested_by, request_id, :now "
            "from ops.pull_windows where window_id = :window"
        ),
        {**values, "now": clock.now()},
    )
    connection.execute(text("update ops.pull_windows set end_at = :middle where window_id = :window"), values)
    return True
