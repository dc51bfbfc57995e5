"""Programs in the middle of a long statement, for tests that stop them: `python -m … NAME URL`."""

import itertools
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from orderhub.db.copy import copy_rows
from orderhub.db.engine import Database
from orderhub.db.interrupts import ending_statements
from orderhub.db.leases import hold_scope
from orderhub.db.reading import texts_of, waves_of

LONG = text("select pg_sleep(30)")
HALF = text("insert into ops.leases (scope) values ('half')")


def reading(database: Database) -> None:
    with database.read() as connection:
        connection.execute(LONG)


def writing(database: Database) -> None:
    with hold_scope(database, "stopped") as lease, database.transaction(lease) as connection:
        connection.execute(HALF)
        connection.execute(LONG)


def beside(database: Database) -> None:
    """Wait for a thread that has one long statement after the other."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_one_after_the_other, database).result()


def _one_after_the_other(database: Database) -> None:
    for _ in range(3):
        try:
            reading(database)
        except Exception:  # noqa: BLE001 - a thread that does not give up
            continue


def copying(database: Database) -> None:
    with hold_scope(database, "stopped") as lease, database.transaction(lease) as connection:
        connection.execute(text("create temporary table numbers (n bigint)"))
        copy_rows(connection, "numbers", ("n",), ((n,) for n in itertools.count()))


def copying_out(database: Database) -> None:
    with database.read() as connection:
        list(texts_of(connection, LONG, {}))


def in_waves(database: Database) -> None:
    with database.read() as connection:
        list(waves_of(connection, LONG, {}, 100))


PROGRAMS: dict[str, Callable[[Database], None]] = {
    program.__name__: program for program in (reading, writing, beside, copying, copying_out, in_waves)
}


if __name__ == "__main__":
    name, url = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ending_statements(signal.SIGINT, signal.SIGTERM):
        PROGRAMS[name](Database(url, "long"))
