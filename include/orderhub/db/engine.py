"""The only door to the database: read, or write under a lease.

Uses SQLAlchemy Core over psycopg2. Errors leave as `DatabaseFault` with SQLSTATE and constraint name; the
server's detail line quotes rows, and rows hold phone numbers, so it is dropped here.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import psycopg2
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from orderhub.db.interrupts import forget_use, note_use
from orderhub.errors import ConfigError, DatabaseFault, LocksTaken

#: A statement whose client was killed ends within a second: it holds locks that the next pass waits for.
_OPTIONS = (
    "-c timezone=UTC -c client_encoding=UTF8 -c idle_in_transaction_session_timeout=60s -c lock_timeout=15s "
    "-c client_min_messages=warning -c client_connection_check_interval=1s"
)
#: SQLSTATE class whose messages quote the value that was refused.
_DATA_EXCEPTION = "22"
_LOCK_NOT_AVAILABLE = "55P03"
_NO_RIGHT = "42501"
_OTHER_ROLE = (
    "; ORDERHUB_DATABASE_URL names a role without this right: commands need orderhub_app's or the owner's"
)
_NO_CONNECTION = (
    "no connection, the server is stopped or out of reach; start the hub (`./hub demo`, `./hub up`), "
    "or check ORDERHUB_DATABASE_URL"
)
#: A connection that came back to the pool less than a second ago is taken to be alive: a lost one is a retry.
_RESTED_SECONDS = 1.0
_RESTS_SINCE = "rests_since"
_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class Fence(Protocol):
    """Something that can prove, inside a transaction, that we still own the work."""

    def fence(self, connection: Connection) -> None:
        """Raise `FencedError` when a newer holder took over; called as the last statement."""


class Database:
    """One database and one role.

    Args:
        url: `postgresql://…`; the driver is always psycopg2.
        purpose: shown in `pg_stat_activity` together with our process id, for the person on night duty.

    Raises:
        ConfigError: the address is none.
    """

    def __init__(self, url: str, purpose: str = "orderhub") -> None:
        try:
            parsed = make_url(url).set(drivername="postgresql+psycopg2")
        except (ArgumentError, ValueError):  # Their messages quote it, with the password.
            raise ConfigError(
                "the address of the database cannot be read; it is "
                "postgresql://ROLE:PASSWORD@HOST:PORT/NAME, see ORDERHUB_DATABASE_URL"
            ) from None
        self.engine: Engine = create_engine(
            parsed,
            hide_parameters=True,
            pool_size=4,
            connect_args={
                "options": _OPTIONS,
                "application_name": f"{purpose}:{os.getpid()}",
                "connect_timeout": 10,
                **_KEEPALIVES,
            },
        )
        event.listen(self.engine, "checkin", _begin_rest)
        event.listen(self.engine, "checkout", _ping_rested)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection in a read-only transaction.

        Raises:
            DatabaseFault: the server refused or vanished.
        """
        with _reported(), self.engine.connect() as connection, connection.begin():
            connection.execute(text("set transaction read only"))
            yield connection

    @contextmanager
    def transaction(self, lease: Fence) -> Iterator[Connection]:
        """Yield a connection whose changes commit together, and only while `lease` is still ours.

        Raises:
            FencedError: the lease was taken over; everything was rolled back.
            DatabaseFault: the server refused or vanished; everything was rolled back.
        """
        with _reported(), self.engine.begin() as connection:
            yield connection
            lease.fence(connection)

    @contextmanager
    def rehearsal(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that is always rolled back: to see what a change would do.

        Raises:
            DatabaseFault: the server refused or vanished.
        """
        with _reported(), self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            finally:
                transaction.rollback()

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Yield a connection in autocommit mode: for leases, which must outlive transactions."""
        with _reported(), self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close pooled connections."""
        self.engine.dispose()


def _begin_rest(_driver: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    forget_use(record)
    record.info[_RESTS_SINCE] = time.monotonic()


def _ping_rested(driver: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Ask whether the server is still there, when a connection has rested; the pool opens another one if not.

    Between the pages of a pull nothing rests, and each question costs a round trip and a turn at Python's
    lock.

    Raises:
        DisconnectionError: it is not.
    """
    note_use(record, driver)
    since = record.info.get(_RESTS_SINCE)
    if since is None or time.monotonic() - since < _RESTED_SECONDS:
        return
    try:
        with closing(driver.cursor()) as cursor:
            cursor.execute("select 1")
        driver.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError from error


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg2.Error) as error:  # COPY speaks to the driver directly.
        raise describe_fault(error) from None


def describe_fault(error: DBAPIError | psycopg2.Error) -> DatabaseFault:
    """Return the fault without any row value: SQLSTATE, constraint or table, the message's fixed part."""
    original = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(original, "pgcode", None) or "no SQLSTATE"
    diagnostics = getattr(original, "diag", None)
    named = [
        f"{label} {value}"
        for label in ("constraint", "table", "column")
        if (value := getattr(diagnostics, f"{label}_name", None))
    ]
    message = getattr(diagnostics, "message_primary", None)
    if message is None:
        is_lost = isinstance(error, (OperationalError, psycopg2.OperationalError))
        message = (_refusal(original) or _NO_CONNECTION) if is_lost else type(original).__name__
    elif code.startswith(_DATA_EXCEPTION):
        message = message.partition('"')[0].rstrip(" :")  # What follows quotes the value.
    elif code == _NO_RIGHT:
        message += _OTHER_ROLE
    fault = LocksTaken if code == _LOCK_NOT_AVAILABLE else DatabaseFault
    return fault(f"database: {message} ({', '.join([code, *named])})")


def _refusal(original: object) -> str | None:
    """Return why a server that is there lets us not in: a password, a name, too many; no row was near."""
    _, fatal, why = str(original).partition("FATAL:")
    return (
        f"the server refuses us: {why.strip().splitlines()[0]}; check ORDERHUB_DATABASE_URL"
        if fatal
        else None
    )
