"""Leases with a fencing epoch: who may work on a scope, a pull window or a cut-off.

Airflow's `max_active_runs` does not serialise a backfill, a retry of a frozen task and a live run; the row
does. Time is the database's. The holder keeps a session open: when its server process is gone, the lease is
free at once; when the holder is frozen, it is free after `LEASE_SECONDS`, and the epoch refuses its writes.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DBAPIError

from orderhub.db.engine import Database
from orderhub.errors import FencedError, LeaseTaken

LEASE_SECONDS = 90
RENEW_SECONDS = 30

_FREE = """(expires_at is null or expires_at < clock_timestamp() or not exists (
    select from pg_stat_activity a where a.pid = holder_pid and a.backend_start = holder_start))"""


@dataclass(frozen=True)
class Claimable:
    """A table whose rows can be claimed; the names are constants of this module, never input."""

    table: str
    key: str


SCOPES = Claimable("ops.leases", "scope")
PULL_WINDOWS = Claimable("ops.pull_windows", "window_id")
CUTOFFS = Claimable("ops.cutoffs", "cutoff_id")


@dataclass(frozen=True)
class Lease:
    """A claim on one row, with the epoch that fences its writes."""

    claimable: Claimable
    key: str | int
    epoch: int

    def fence(self, connection: Connection) -> None:
        """Renew inside the caller's transaction, or refuse it.

        Raises:
            FencedError: a newer epoch holds the row.
        """
        renewed = connection.execute(
            _fencing(self.claimable), {"seconds": LEASE_SECONDS, "key": self.key, "epoch": self.epoch}
        )
        if renewed.rowcount == 0:
            raise FencedError(f"the lease on {self.claimable.table} {self.key} was taken over; rolled back")


@cache  # One statement per table: it ends every transaction.
def _fencing(claimable: Claimable) -> TextClause:
    return text(
        f"update {claimable.table} "  # noqa: S608 - constants
        "set expires_at = clock_timestamp() + make_interval(secs => :seconds) "
        f"where {claimable.key} = :key and epoch = :epoch"
    )


@contextmanager
def hold_scope(database: Database, scope: str) -> Iterator[Lease]:
    """Hold the lease on `scope` (transform, route, config, deliver, stock:<warehouse>) while the block runs.

    Raises:
        LeaseTaken: somebody else holds it.
    """
    with database.session() as session:
        session.execute(
            text("insert into ops.leases (scope) values (:scope) on conflict do nothing"), {"scope": scope}
        )
        with _hold(session, SCOPES, scope) as lease:
            yield lease


@contextmanager
def hold_row(database: Database, claimable: Claimable, key: str | int) -> Iterator[Lease]:
    """Hold the lease that a pull window or cut-off row is, while the block runs.

    Raises:
        LeaseTaken: somebody else holds it, or the row does not exist.
    """
    with database.session() as session, _hold(session, claimable, key) as lease:
        yield lease


@contextmanager
def _hold(session: Connection, claimable: Claimable, key: str | int) -> Iterator[Lease]:
    lease = _acquire(session, claimable, key)
    stop = threading.Event()
    renewer = threading.Thread(target=_renew, args=(session, lease, stop), daemon=True)
    renewer.start()
    try:
        yield lease
    finally:
        stop.set()
        renewer.join()
        _release(session, lease)


def _acquire(session: Connection, claimable: Claimable, key: str | int) -> Lease:
    row = session.execute(
        text(
            f"update {claimable.table} set epoch = epoch + 1, holder_pid = pg_backend_pid(), "  # noqa: S608 - constants
            "holder_start = (select backend_start from pg_stat_activity where pid = pg_backend_pid()), "
            "expires_at = clock_timestamp() + make_interval(secs => :seconds) "
            f"where {claimable.key} = :key and {_FREE} returning epoch"
        ),
        {"seconds": LEASE_SECONDS, "key": key},
    ).one_or_none()
    if row is None:
        raise LeaseTaken(f"{claimable.table} {key}: somebody else works on it now")
    return Lease(claimable, key, row.epoch)


def _renew(session: Connection, lease: Lease, stop: threading.Event) -> None:
    while not stop.wait(RENEW_SECONDS):
        try:
            lease.fence(session)
        except (FencedError, DBAPIError):
            return  # The next fenced transaction of the holder reports it.


def _release(session: Connection, lease: Lease) -> None:
    statement = text(
        f"update {lease.claimable.table} set expires_at = null, holder_pid = null, holder_start = null "  # noqa: S608 - constants
        f"where {lease.claimable.key} = :key and epoch = :epoch"
    )
    with suppress(DBAPIError):  # A session that is gone has freed the lease already.
        session.execute(statement, {"key": lease.key, "epoch": lease.epoch})
