"""Which orders a fulfil pass looks at: all, or those of which something changed since the pass before.

A hub that holds a million orders has little to do at most passes, and must find it without reading them all.
What a change may be is in `core/touched_orders.sql`. Whatever that misses is found within `ALL_EVERY`; and a
manifest judges all it takes once more when it closes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, text

from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.sql_files import statement

#: While the orders take less room than this (some 100,000), looking at all of them takes well under a second.
FEW_BYTES = 64 << 20
#: More are looked at as a set, together with all others.
MOST = 100_000
ALL_EVERY = timedelta(hours=1)
#: An act carries the time at which it began, and is seen when it is committed: no act takes as long as this.
LONGEST_ACT = timedelta(minutes=30)
_NOW = text("""
    select pg_table_size('core.orders') as bytes,
        coalesce(max(pass_id), 0) as seen_pass_id
    from ops.passes where kind = 'transform' and finished_at is not null""")
_LAST = text("""
    select seen_pass_id, all_seen_at, started_at, config_version,
        exists (select from ops.source_stops where stopped_at > :since or resumed_at > :since) as is_stop_new
    from ops.passes
    where kind = 'fulfill' and finished_at is not null
    order by pass_id desc
    limit 1""")
_STARTED = text("""
    select started_at from ops.passes where kind = 'fulfill' and finished_at is not null
    order by pass_id desc limit 1""")
_IS_BEHIND = text("""
    select coalesce(
        (select max(pass_id) from ops.passes where kind = 'transform' and finished_at is not null)
        > (
            select seen_pass_id from ops.passes where kind = 'fulfill' and finished_at is not null
            order by pass_id desc limit 1
        ),
        true)""")
_COUNT = text("select count(*) from touched_orders")


@dataclass(frozen=True)
class Look:
    """What one pass looks at.

    Attributes:
        seen_pass_id: the last transform pass of which it sees everything.
        all_seen_at: when all was looked at last, this pass included.
        after_pass_id: it looks at what later passes judged.
        since: it looks at what people did since; None: it looks at all orders.
        now: when it looks.
    """

    seen_pass_id: int
    all_seen_at: datetime
    after_pass_id: int
    since: datetime | None
    now: datetime

    @property
    def is_all(self) -> bool:
        """Return whether it looks at all orders."""
        return self.since is None

    def name_touched(self, connection: Connection) -> int:
        """Fill the temporary table `touched_orders`; return how many there are, at most `MOST` + 1."""
        given = {
            "seen_pass_id": self.after_pass_id, "since": self.since, "now": self.now, "most": MOST
        }  # fmt: skip
        connection.execute(statement("core/touched_orders"), given)
        connection.execute(text("analyze touched_orders"))
        touched: int = connection.execute(_COUNT).scalar_one()
        return touched


def look(connection: Connection, clock: Clock, config: MerchantConfig) -> Look:
    """Return what the pass that begins looks at; `touched_orders` holds it, where it is not all."""
    now, present = clock.now(), connection.execute(_NOW).one()
    everything = Look(present.seen_pass_id, now, 0, None, now)
    started_at = connection.execute(_STARTED).scalar_one_or_none()
    if started_at is None or present.bytes < FEW_BYTES:
        return everything
    since = started_at - LONGEST_ACT
    last = connection.execute(_LAST, {"since": since}).one()
    if _is_all_due(last, config, now):
        return everything
    some = Look(present.seen_pass_id, last.all_seen_at, last.seen_pass_id, since, now)
    return everything if some.name_touched(connection) > MOST else some


def is_behind(database: Database) -> bool:
    """Return whether a transform pass has finished that no fulfil pass saw."""
    with database.read() as connection:
        return bool(connection.execute(_IS_BEHIND).scalar_one())


def _is_all_due(last: Row[tuple[object, ...]], config: MerchantConfig, now: datetime) -> bool:
    """Return whether something changed that is no order's own: files, the day, a shop that was stopped."""
    return (
        last.seen_pass_id is None
        or last.config_version != config.version
        or last.started_at.astimezone(BEIJING).date() != now.astimezone(BEIJING).date()
        or last.is_stop_new
        or last.all_seen_at <= now - ALL_EVERY
    )
