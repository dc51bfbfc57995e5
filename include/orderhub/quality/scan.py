"""Asks the checks about the rows of a pass and keeps what failed; writes nothing but its own tables.

A pass asks in its own session, into temporary tables. A large one has committed its rows before, and two
sessions ask side by side, into unlogged tables of the schema `mapped`. Not for what follows from a failure
(`orderhub.quality.check`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from orderhub.db.engine import Database
from orderhub.db.leases import Lease
from orderhub.db.mapped import BESIDE, SHORT_LIVED, drop_left_behind, wait_for
from orderhub.quality.compile import ROWS, compile_query, compile_suite, rows_of_pass, subject_of
from orderhub.quality.suites import Check, Suite, Suites

SESSIONS = 2
_FAILURES = 'rule_id text, order_id text collate "C", line_id text collate "C", evidence jsonb'
_SOURCE_FAILURES = "rule_id text, shop_id text, evidence jsonb"


@dataclass(frozen=True)
class Verdict:
    """What the scan said of one check in one pass."""

    suite: str
    rule_id: str
    judged_count: int
    evaluated_count: int
    failed_count: int


@dataclass(frozen=True)
class Found:
    """Tables of one scan, as SQL takes their names: the rows it judges, and what failed."""

    rows: str = ROWS
    failures: str = "failures"
    source_failures: str = "source_failures"
    kind: str = "temporary"
    end: str = "on commit drop"

    @classmethod
    def beside(cls, pass_id: int) -> "Found":
        """Return tables that other sessions see, too; no two passes share one."""
        rows, failures, sources = (
            f"mapped.{name}_{pass_id}" for name in (ROWS, "failures", "source_failures")
        )
        return cls(rows, failures, sources, kind="unlogged", end=SHORT_LIVED)

    def rows_of(self, number: int) -> str:
        """Return the table with the rows of the n-th suite."""
        return f"{self.rows}_{number}"

    def failures_of(self, suite: Suite) -> str:
        """Return the table that the failures of a suite go into."""
        return self.source_failures if suite.view.subject_type == "source" else self.failures


Task = Callable[[Connection], Any]
Submit = Callable[[Task], Future[Any]]


def make_tables(connection: Connection, found: Found) -> None:
    """Create the empty tables of failures."""
    for name, columns in ((found.failures, _FAILURES), (found.source_failures, _SOURCE_FAILURES)):
        connection.execute(text(f"create {found.kind} table {name} ({columns}) {found.end}"))


def scan(connection: Connection, suites: Suites, pass_id: int) -> list[Verdict]:
    """Ask all checks of the first round in the session of the pass; failures are in its temporary tables."""
    found = Found()
    verdicts: list[Verdict] = []
    make_tables(connection, found)
    for number, suite in enumerate(suites.suites):
        judged, said = _read_rows(connection, suite, number, pass_id, found)
        verdicts += said
        verdicts += [
            _ask(connection, suite, number, check, found, judged=judged) for check in _queries(suite)
        ]
    return verdicts


@dataclass(frozen=True)
class Asking:
    """The first round of a large pass, while two sessions ask it.

    Attributes:
        read: of each suite, how many rows it judges and what its row checks said.
        asked: what the query checks said.
        others: what else is done beside.
    """

    read: list[Future[tuple[int, list[Verdict]]]]
    asked: list[Future[Verdict]]
    others: list[Future[Any]]

    def rows(self) -> list[Verdict]:
        """Wait for the row checks."""
        return [verdict for future in self.read for verdict in future.result()[1]]

    def rest(self, connection: Connection) -> list[Verdict]:
        """Wait for the query checks, and for all else, in the transaction of `connection`."""
        for other in self.others:
            wait_for(connection, other)
        return [wait_for(connection, future) for future in self.asked]


@contextmanager
def scan_beside(
    database: Database, lease: Lease, suites: Suites, pass_id: int, others: Sequence[Task] = ()
) -> Iterator[Asking]:
    """Have two sessions ask all checks of the first round; failures go into the tables of `Found.beside`.

    The row checks have been asked when this is entered. What follows from them may be written while the query
    checks are asked.

    Args:
        database: where the pass is committed.
        lease: of the transform.
        suites: what is asked.
        pass_id: whose rows.
        others: what else the two sessions shall have done before the end.

    Raises:
        DatabaseFault: a session failed; the scan is to be asked anew.
        FencedError: the lease was taken over.
    """
    found = Found.beside(pass_id)

    def run(task: Task) -> Any:
        with database.transaction(lease) as connection:
            connection.exec_driver_sql(BESIDE)
            return task(connection)

    with database.transaction(lease) as connection:
        drop_left_behind(connection)
        make_tables(connection, found)
    with ThreadPoolExecutor(SESSIONS, "scan") as sessions:
        try:
            yield _ask_beside(lambda task: sessions.submit(run, task), suites, pass_id, found, others)
        finally:
            sessions.shutdown(wait=False, cancel_futures=True)


def show_failures(connection: Connection, pass_id: int) -> Found:
    """Show what two sessions find under the names of the pass's own tables, and return where the rows are."""
    own, beside = Found(), Found.beside(pass_id)
    for name, other in ((own.failures, beside.failures), (own.source_failures, beside.source_failures)):
        connection.exec_driver_sql(f"create temporary view {name} as select * from {other}")  # noqa: S608 - names of ours
    return beside


def scan_again(connection: Connection, suites: Suites, found: Found) -> list[Verdict]:
    """Ask the checks that read anomalies, over the rows that the first round kept."""
    verdicts = []
    for number, suite in enumerate(suites.suites):
        for check in suite.checks:
            if check.reads_anomalies:
                rows = found.rows_of(number)
                judged = connection.execute(text(f"select count(*) from {rows}"))  # noqa: S608 - of ours
                verdicts.append(_ask(connection, suite, number, check, found, judged=judged.scalar_one()))
    return verdicts


def drop_tables(connection: Connection, suites: Suites, found: Found) -> None:
    """Drop the tables of this scan: the pass is done with them."""
    if found != Found():
        connection.exec_driver_sql(f"drop view {Found.failures}, {Found.source_failures}")
    rows = [found.rows_of(number) for number, _ in enumerate(suites.suites)]
    connection.execute(text(f"drop table {', '.join([found.failures, found.source_failures, *rows])}"))


def _ask_beside(submit: Submit, suites: Suites, pass_id: int, found: Found, others: Sequence[Task]) -> Asking:
    """Read the rows of each suite; whenever those of one are there, its query checks may be asked, too."""
    read = [
        submit(partial(_read_rows, suite=suite, number=number, pass_id=pass_id, found=found))
        for number, suite in enumerate(suites.suites)
    ]
    asking = Asking(read, [], [submit(task) for task in others])
    for number, suite in enumerate(suites.suites):
        judged, _ = read[number].result()
        asking.asked.extend(
            submit(partial(_ask, suite=suite, number=number, check=check, found=found, judged=judged))
            for check in _queries(suite)
        )
    return asking


def _queries(suite: Suite) -> Iterator[Check]:
    return (check for check in suite.checks if check.query and not check.reads_anomalies)


def _read_rows(
    connection: Connection, suite: Suite, number: int, pass_id: int, found: Found
) -> tuple[int, list[Verdict]]:
    """Keep the rows of a suite, add the failures of its row checks; return how many rows, and verdicts."""
    rows, table = found.rows_of(number), found.failures_of(suite)
    compiled = compile_suite(suite, rows_of_pass(suite.view, pass_id))
    made = text(f"create {found.kind} table {rows} {found.end} as {compiled.rows}")
    connection.execute(made, compiled.parameters)
    if compiled.joined:
        connection.execute(text(f"analyze {rows} ({', '.join(compiled.joined)})"))
    counts = connection.execute(text(compiled.counts(rows))).mappings().one()
    connection.execute(text(f"insert into {table} {compiled.failures(rows)}"))
    return counts["judged"], _verdicts(connection, suite, counts, table)


def _verdicts(connection: Connection, suite: Suite, counts: RowMapping, table: str) -> list[Verdict]:
    counted = connection.execute(text(f"select rule_id, count(*) as failed from {table} group by rule_id"))  # noqa: S608 - names of ours
    failed = {row.rule_id: row.failed for row in counted}
    return [
        Verdict(suite.name, check.id, counts["judged"], counts[f"evaluated_{n}"], failed.get(check.id, 0))
        for n, check in enumerate(check for check in suite.checks if not check.query)
    ]


def _ask(
    connection: Connection, suite: Suite, number: int, check: Check, found: Found, *, judged: int
) -> Verdict:
    """Add the failures of a query check over `judged` rows, and return its verdict."""
    evidence = "to_jsonb(found) - 'order_id' - 'line_id' - 'shop_id'"
    failed = connection.execute(
        text(
            f"insert into {found.failures_of(suite)} select :rule_id, {subject_of(suite.view)}, {evidence} "  # noqa: S608 - a file of the project
            f"from ({compile_query(check, found.rows_of(number))}\n) as found"
        ),
        {"rule_id": check.id},
    ).rowcount
    return Verdict(suite.name, check.id, judged, judged, failed)
