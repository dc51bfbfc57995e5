"""What the sessions of a large pass share: plans for sets, and unlogged tables of the schema `mapped`."""

from concurrent.futures import Future
from typing import TypeVar

from sqlalchemy import Connection, text

#: Lets the planner join large passes as sets. A small sample tells it enough of tables whose keys are unique.
AS_SETS = (
    "set local enable_nestloop = off; set local enable_bitmapscan = off; set local work_mem = '128MB'; "
    "set local enable_memoize = off; set local default_statistics_target = 10"
)
#: For a session beside another, which has the second core: workers of its own would only share what is left.
BESIDE = (
    f"{AS_SETS}; set local max_parallel_workers_per_gather = 0; "
    "set local max_parallel_maintenance_workers = 0"
)
#: A table is dropped before a vacuum of it would help anybody; one that runs makes the drop wait a second.
SHORT_LIVED = "with (autovacuum_enabled = off)"
#: The server ends a transaction in which nothing is said for a minute.
_QUIET_SECONDS = 20
_LEFT_BEHIND = text("select tablename from pg_tables where schemaname = 'mapped'")


def drop_left_behind(connection: Connection) -> None:
    """Drop what a pass that was killed has left; the lease says that none works now."""
    for name in connection.execute(_LEFT_BEHIND).scalars().all():
        connection.exec_driver_sql(f'drop table mapped."{name}"')


Said = TypeVar("Said")


def wait_for(connection: Connection, future: Future[Said]) -> Said:
    """Wait for another session, and let the server know meanwhile that the transaction of ours is there.

    Raises:
        Exception: whatever the other session failed with.
    """
    while True:
        try:
            return future.result(timeout=_QUIET_SECONDS)
        except TimeoutError:
            connection.execute(text("select 1"))
