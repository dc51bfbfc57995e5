"""Maps the staged orders of a pass to typed rows, slice by slice; a large pass has them mapped ahead.

Mapping reads staging and files and nothing of `core`, so others may do it. A pass of one slice maps it in its
own session, into temporary tables. Of several, another session maps one by one into unlogged tables of
the schema `mapped`, while the pass merges the one before, and maps one itself when it would have to wait: two
cores work, and `core` is still written by one transaction. Not for merging (`orderhub.transform.run`).
"""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import Lease
from orderhub.db.mapped import BESIDE, SHORT_LIVED, drop_left_behind, wait_for
from orderhub.db.sql_files import source
from orderhub.platforms.spec import Platform
from orderhub.transform.compile import compile_lines, compile_versions, shop_binds

#: Staged rows of one slice; a load is never divided.
SLICE_ROWS = 50_000
#: Of what is left a slice is at most a third, and at least half of a whole slice.
_SHARE, _LEAST_SHARE = 3, 2
#: The pass maps a slice itself while so many times its rows are not begun: later it would end last, alone.
_TIMES_LEFT = 4
#: The greatest version of each order, and the greatest that had a receiver: an empty one never stands for a
#: known one, and one that tells only the region, its token and masks perished, never for one that knew the
#: person.
_WINNERS = """
    select distinct on (order_id)
        order_id, platform, shop_id, staging_id, merge_key,
        first_value(staging_id) over (
            partition by order_id order by is_person_known desc, is_receiver_known desc, merge_key desc)
    from (
        select *, num_nonnulls(
            token, name_masked, phone_masked, phone_hash, address_masked, address_hash) > 0 as is_person_known
        from {versions}
    ) as versions
    order by order_id, merge_key desc"""
#: Lines of one order with the same id are told apart; most have an id of their own.
_TWINS = """
    update {lines} as l set line_id = l.line_id || '~' || twin_no
    from (
        select
            order_id, line_no, row_number() over (partition by order_id, line_id order by line_no) as twin_no
        from {lines}
        where (order_id, line_id) in (select order_id, line_id from {lines} group by 1, 2 having count(*) > 1)
    ) as twins
    where l.order_id = twins.order_id and l.line_no = twins.line_no and twin_no > 1"""


@dataclass(frozen=True)
class WaitingLoad:
    """One load of orders that no finished pass has taken."""

    load_id: int
    platform: Platform
    staged_count: int


@dataclass(frozen=True)
class Incoming:
    """Where the mapped rows of one slice are: names of tables, as SQL takes them."""

    versions: str = "incoming_versions"
    orders: str = "incoming_orders"
    lines: str = "incoming_lines"

    @classmethod
    def ahead(cls, pass_id: int, number: int) -> "Incoming":
        """Return the tables of the n-th slice of a pass: no two passes share one."""
        return cls(*(f"mapped.{name}_{pass_id}_{number}" for name in ("versions", "orders", "lines")))


Slice = Sequence[WaitingLoad]


def cut(loads: Sequence[WaitingLoad]) -> Sequence[Slice]:
    """Return the loads, by id, in slices of about `SLICE_ROWS` staged rows; one slice at least.

    Of several the last are smaller: one session merges what the other has mapped last, and that one is done.
    """
    left = sum(load.staged_count for load in loads)
    most = max(left, 1) if left <= SLICE_ROWS else SLICE_ROWS
    slices: list[list[WaitingLoad]] = [[]]
    taken = 0
    for load in sorted(loads, key=lambda waiting: waiting.load_id):
        if slices[-1] and taken + load.staged_count > most:
            left -= taken
            taken, most = 0, min(SLICE_ROWS, max(left // _SHARE, SLICE_ROWS // _LEAST_SHARE))
            slices.append([])
        slices[-1].append(load)
        taken += load.staged_count
    return slices


@dataclass(frozen=True)
class Mapper:
    """Maps the slices of one pass."""

    database: Database
    lease: Lease
    config: MerchantConfig
    pass_id: int

    def mapped(self, connection: Connection, slices: Sequence[Slice]) -> Generator[int, None, None]:
        """Show one slice after the other as `incoming_versions`, `_orders` and `_lines`; yield its versions.

        Args:
            connection: the transaction of the pass; what is shown is gone when the next one is asked for.
            slices: what to map.

        Close it: what is not asked for any more is not mapped either.

        Raises:
            DatabaseFault: a session failed; the pass is to be rolled back.
            FencedError: the lease was taken over.
        """
        drop_left_behind(connection)
        if len(slices) == 1:
            with _own_tables(connection):
                yield map_slice(connection, self.config, slices[0], Incoming())
            return
        with ThreadPoolExecutor(1, "map") as session:
            ahead = [session.submit(self._map_ahead, number, one) for number, one in enumerate(slices)]
            try:
                for number in range(len(slices)):
                    if not ahead[number].done():
                        self._map_next(connection, slices, ahead, number)
                    count = wait_for(connection, ahead[number])
                    with _shown(connection, Incoming.ahead(self.pass_id, number)):
                        yield count
            finally:
                session.shutdown(wait=False, cancel_futures=True)

    def _map_next(
        self, connection: Connection, slices: Sequence[Slice], ahead: list[Future[int]], wanted: int
    ) -> None:
        """Map the first slice that is not begun here, unless few are left, instead of waiting for `wanted`.

        Slices are still merged in their order: rows that arrive by their keys are written faster.
        """
        left = [number for number, one in enumerate(ahead) if not (one.running() or one.done())]
        rows = [sum(load.staged_count for load in slices[number]) for number in left]
        are_many = left and sum(rows) >= _TIMES_LEFT * rows[0]
        if (are_many or wanted in left) and ahead[left[0]].cancel():
            ahead[left[0]] = Future()
            ahead[left[0]].set_result(self._map(connection, left[0], slices[left[0]]))

    def _map_ahead(self, number: int, one: Slice) -> int:
        with self.database.transaction(self.lease) as connection:
            connection.exec_driver_sql(BESIDE)
            return self._map(connection, number, one)

    def _map(self, connection: Connection, number: int, one: Slice) -> int:
        tables = Incoming.ahead(self.pass_id, number)
        with _own_tables(connection):
            for own, ahead in _pairs(tables):
                connection.exec_driver_sql(f"create unlogged table {ahead} (like {own}) {SHORT_LIVED}")
        return map_slice(connection, self.config, one, tables)


def map_slice(connection: Connection, config: MerchantConfig, one: Slice, tables: Incoming) -> int:
    """Map a slice into `tables` and return how many versions it holds; lines are those of its winners."""
    by_platform = defaultdict(list)
    for load in one:
        by_platform[load.platform.spec.name].append(load.load_id)
    platforms = {load.platform.spec.name: load.platform for load in one}
    count = sum(
        map_versions(connection, config, platforms[name], loads, tables)
        for name, loads in sorted(by_platform.items())
    )
    connection.exec_driver_sql(f"analyze {tables.versions} (order_id, platform, staging_id)")
    connection.execute(text(f"insert into {tables.orders} {_WINNERS.format(versions=tables.versions)}"))
    for _, platform in sorted(platforms.items()):
        map_lines(connection, platform, tables)
    name_twins(connection, tables)
    for analyzed in (tables.orders, f"{tables.lines} (order_id)"):
        connection.exec_driver_sql(f"analyze {analyzed}")
    return count


def map_versions(
    connection: Connection, config: MerchantConfig, platform: Platform, loads: Sequence[int], tables: Incoming
) -> int:
    """Write the versions of these loads; return how many."""
    query = text(f"insert into {tables.versions} {compile_versions(platform)}")
    return connection.execute(query, {"loads": list(loads), **shop_binds(config)}).rowcount


def map_lines(connection: Connection, platform: Platform, tables: Incoming) -> None:
    """Write the lines of the winners of one platform."""
    connection.execute(text(f"insert into {tables.lines} {compile_lines(platform, tables.orders)}"))


def name_twins(connection: Connection, tables: Incoming) -> None:
    """Tell apart the lines of one order that share an id: `…~2` is the second."""
    connection.exec_driver_sql(_TWINS.format(lines=tables.lines))


def _pairs(tables: Incoming) -> Iterator[tuple[str, str]]:
    own = vars(Incoming())
    return ((own[name], ahead) for name, ahead in vars(tables).items())


def _make_tables(connection: Connection) -> None:
    connection.exec_driver_sql(source("core/incoming"))
    connection.exec_driver_sql(source("core/incoming_lines"))


@contextmanager
def _own_tables(connection: Connection) -> Iterator[None]:
    _make_tables(connection)
    yield
    connection.exec_driver_sql("drop table incoming_versions, incoming_orders, incoming_lines")


@contextmanager
def _shown(connection: Connection, tables: Incoming) -> Iterator[None]:
    """Show tables of `mapped` under the names of the pass's own, and drop them afterwards."""
    for own, ahead in _pairs(tables):
        connection.exec_driver_sql(f"create temporary view {own} as select * from {ahead}")  # noqa: S608 - names of ours
    yield
    connection.exec_driver_sql("drop view incoming_versions, incoming_orders, incoming_lines")
    connection.exec_driver_sql(f"drop table {tables.versions}, {tables.orders}, {tables.lines}")
