"""Pull windows: which closed time ranges of a stream are proven complete, and which to read next."""

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


def plan_windows(
    database: Database, clock: Clock, *, platform: str, shop_id: str, stream: str, until: datetime, cut: Cut
) -> int:
    """Cut everything between `cut.since` and `until` that no window holds yet, and return how many are new.

    Coverage decides, not a cursor: a range that nobody planned (hub down, shop added late) is planned now.
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


def open_windows(database: Database, clock: Clock, *, shop_id: str, stream: str) -> list[PullWindow]:
    """Return the windows to read: newest live first, then gaps oldest first, then requested ones."""
    with database.read() as connection:
        rows = connection.execute(
            text("""
                select window_id, platform, shop_id, stream, kind, start_at, end_at from ops.pull_windows
                where shop_id = :shop and stream = :stream and state = 'open'
                  and (not_before is null or not_before <= :now)
                order by case kind when 'live' then 0 when 'gap' then 1 else 2 end,
                         extract(epoch from start_at) * case kind when 'live' then -1 else 1 end"""),
            {"shop": shop_id, "stream": stream, "now": clock.now()},
        ).all()
    return [PullWindow(*row) for row in rows]


def request_range(
    database: Database, clock: Clock, *, platform: str, shop_id: str, stream: str,
    since: datetime, until: datetime, length: timedelta, actor: str,
) -> list[int]:  # fmt: skip
    """Add requested windows over a range, read again though covered, and return their ids.

    Requested windows prove nothing about coverage: planning does not count them.
    """
    pieces = []
    since, until = since.replace(microsecond=0), until.replace(microsecond=0)
    while since < until:
        pieces.append((since, min(since + length, until)))
        since += length
    statement = text(
        "insert into ops.pull_windows "
        "(platform, shop_id, stream, kind, start_at, end_at, requested_by, created_at) "
        "values (:platform, :shop, :stream, 'requested', :start, :end, :actor, :now) returning window_id"
    )
    with hold_scope(database, f"plan:{shop_id}:{stream}") as lease, database.transaction(lease) as connection:
        return [
            connection.execute(
                statement,
                {
                    "platform": platform, "shop": shop_id, "stream": stream, "start": start, "end": end,
                    "actor": actor, "now": clock.now(),
                },
            ).scalar_one()
            for start, end in pieces
        ]  # fmt: skip


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
            "(platform, shop_id, stream, kind, start_at, end_at, requested_by, created_at) "
            "select platform, shop_id, stream, kind, :middle, end_at, requested_by, :now "
            "from ops.pull_windows where window_id = :window"
        ),
        {**values, "now": clock.now()},
    )
    connection.execute(text("update ops.pull_windows set end_at = :middle where window_id = :window"), values)
    return True
