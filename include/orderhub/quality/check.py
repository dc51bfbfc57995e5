"""Judges the orders that no check has seen: verdicts, anomalies, holds, stopped sources, alerts.

Works on sets, never a row at a time. Runs inside the transform pass's transaction, so that an order and its
holds appear together. First the checks of rows and sources, then those that read the anomalies of the first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from orderhub.alerts.held import raise_held
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.quality.compile import ROWS, compile_query, compile_suite, rows_of_pass, subject_of
from orderhub.quality.escalate import close_faded, tell_of_rows_and_incidents
from orderhub.quality.sources import stop_sources
from orderhub.quality.suites import Check, Suite, Suites
from orderhub.quality.usual_prices import refresh_usual_prices


@dataclass(frozen=True)
class CheckCounts:
    """What one pass of checks did; every number counts rows."""

    judged_orders: int
    failed_checks: int
    anomalies_closed: int
    holds_placed: int
    holds_closed: int
    sources_stopped: int = 0


@dataclass(frozen=True)
class Verdict:
    """What the scan said of one check in one pass."""

    suite: str
    rule_id: str
    judged_count: int
    evaluated_count: int
    failed_count: int


@dataclass
class _Ended:
    closed: int = 0
    released: int = 0
    placed: int = 0


def check_orders(
    connection: Connection, clock: Clock, suites: Suites, config: MerchantConfig, pass_id: int
) -> CheckCounts:
    """Judge every order whose current version was not judged yet, and those whose verdict depends on one.

    Args:
        connection: a write transaction under the transform lease; `ops.passes` holds `pass_id`.
        clock: stamps anomalies and holds, UTC.
        suites: what judges.
        config: who is told, and the thresholds.
        pass_id: the transform pass; called once per pass.
    """
    now = clock.now()
    given = {"pass_id": pass_id, "now": now, "checks_version": suites.version}
    refresh_usual_prices(connection, clock, pass_id)
    connection.execute(
        statement("ops/judged_orders"), {**given, "minutes": config.checks.longest_duplicate_minutes}
    )
    judged = connection.execute(
        text("select count(*) from core.orders where _checked_pass_id = :pass_id"), given
    )
    _make_tables(connection)
    verdicts, ended = [], _Ended()
    for is_second in (False, True):
        found = list(_scan(connection, suites, pass_id, is_second=is_second))
        _write_verdicts(connection, found, pass_id)
        _write_anomalies(connection, suites, given, ended, is_second=is_second)
        verdicts += found
    close_faded(connection, clock, suites)
    stopped = stop_sources(connection, clock, suites, config, pass_id)
    if ended.placed:
        # A row of doubt is told once as a row, not order by order.
        rules = [check for check in suites.checks().values() if not check.reads_anomalies]
        raise_held(connection, clock, config, rules, pass_id=pass_id, placed_at=now)
    tell_of_rows_and_incidents(connection, clock, suites, config, pass_id)
    connection.execute(text("drop table failures, source_failures"))
    return CheckCounts(
        judged.scalar_one(), sum(v.failed_count for v in verdicts), ended.closed, ended.placed,
        ended.released, stopped,
    )  # fmt: skip


def _make_tables(connection: Connection) -> None:
    connection.execute(
        text(
            'create temporary table failures (rule_id text, order_id text collate "C", '
            'line_id text collate "C", evidence jsonb) on commit drop'
        )
    )
    connection.execute(
        text(
            "create temporary table source_failures "
            "(rule_id text, shop_id text, evidence jsonb) on commit drop"
        )
    )


def _write_anomalies(
    connection: Connection, suites: Suites, given: Mapping[str, Any], ended: _Ended, *, is_second: bool
) -> None:
    """Open and close what one round of checks says; rules that are gone close in the first."""
    rules = [check for check in suites.checks().values() if check.reads_anomalies == is_second]
    others = [check.id for check in suites.checks().values() if check.reads_anomalies != is_second]
    connection.execute(statement("core/failed_checks"), _rule_columns(rules))
    closing = {
        **given,
        "rule_ids": [rule.id for rule in rules] if is_second else others,
        "is_second": is_second,
    }
    ended.closed += connection.execute(statement("core/close_anomalies"), closing).rowcount
    connection.execute(statement("core/anomalies"), given)
    ended.released += connection.execute(statement("core/close_holds"), given).rowcount
    ended.placed += connection.execute(statement("core/holds"), given).rowcount
    connection.execute(text("drop table failed_checks"))
    connection.execute(text("truncate failures"))


def _scan(connection: Connection, suites: Suites, pass_id: int, *, is_second: bool) -> Iterator[Verdict]:
    for number, suite in enumerate(suites.suites):
        yield from (
            _ask_again(connection, suite, number)
            if is_second
            else _scan_suite(connection, suite, number, pass_id)
        )


def _scan_suite(connection: Connection, suite: Suite, number: int, pass_id: int) -> Iterator[Verdict]:
    """Add the failures of the first round to the temporary tables and yield one verdict per check."""
    scan = compile_suite(suite)
    columns = ", ".join(scan.columns)
    rows = rows_of_pass(suite.view, pass_id)
    connection.execute(
        text(f"create temporary table {ROWS} on commit drop as select {columns} from ({rows}) as judged")  # noqa: S608 - names of ours
    )
    if scan.joined:
        connection.execute(text(f"analyze {ROWS} ({', '.join(scan.joined)})"))
    counts = connection.execute(text(scan.counts)).mappings().one()
    yield from _scan_rows(connection, suite, counts)
    for check in suite.checks:
        if check.query and not check.reads_anomalies:
            found = _run_query(connection, suite, check, ROWS)
            yield Verdict(suite.name, check.id, counts["judged"], counts["judged"], found)
    if any(check.reads_anomalies for check in suite.checks):
        connection.execute(text(f"alter table {ROWS} rename to {ROWS}_{number}"))
    else:
        connection.execute(text(f"drop table {ROWS}"))


def _ask_again(connection: Connection, suite: Suite, number: int) -> Iterator[Verdict]:
    """Run the checks of the second round over the rows that the first one kept."""
    checks = [check for check in suite.checks if check.reads_anomalies]
    if not checks:
        return
    judged = connection.execute(text(f"select count(*) from {ROWS}_{number}")).scalar_one()  # noqa: S608 - a table of ours
    for check in checks:
        found = _run_query(connection, suite, check, f"{ROWS}_{number}")
        yield Verdict(suite.name, check.id, judged, judged, found)
    connection.execute(text(f"drop table {ROWS}_{number}"))


def _scan_rows(connection: Connection, suite: Suite, counts: RowMapping) -> Iterator[Verdict]:
    scan = compile_suite(suite)
    table = _table_of(suite)
    connection.execute(text(f"insert into {table} {scan.failures}"), scan.parameters)
    counted = connection.execute(text(f"select rule_id, count(*) as failed from {table} group by rule_id"))  # noqa: S608 - as above
    failed = {row.rule_id: row.failed for row in counted}
    for number, check in enumerate(check for check in suite.checks if not check.query):
        evaluated = counts[f"evaluated_{number}"]
        yield Verdict(suite.name, check.id, counts["judged"], evaluated, failed.get(check.id, 0))


def _run_query(connection: Connection, suite: Suite, check: Check, rows: str) -> int:
    query = compile_query(check, rows)
    evidence = "to_jsonb(found) - 'order_id' - 'line_id' - 'shop_id'"
    return connection.execute(
        text(
            f"insert into {_table_of(suite)} select :rule_id, {subject_of(suite.view)}, {evidence} "  # noqa: S608 - a file of the project
            f"from ({query}\n) as found"
        ),
        {"rule_id": check.id},
    ).rowcount


def _table_of(suite: Suite) -> str:
    return "source_failures" if suite.view.subject_type == "source" else "failures"


def _write_verdicts(connection: Connection, verdicts: Sequence[Verdict], pass_id: int) -> None:
    rows: list[dict[str, Any]] = [{"pass_id": pass_id, **vars(verdict)} for verdict in verdicts]
    if rows:
        connection.execute(statement("ops/check_verdicts"), rows)


def _rule_columns(rules: Sequence[Check]) -> dict[str, list[str | None]]:
    return {
        "rule_ids": [rule.id for rule in rules],
        "severities": [rule.severity for rule in rules],
        "actions": [rule.action for rule in rules],
        "kinds": [rule.kind for rule in rules],
        "moving": [",".join(rule.moving) for rule in rules],
    }
