"""Judges the orders that no check has seen: verdicts, anomalies, holds, one mail.

Works on sets, never a row at a time. Runs inside the transform pass's transaction, so that an order and its
holds appear together. The one writer of `core.anomalies`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orderhub.alerts.held import raise_held
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.quality.compile import ROWS, compile_query, compile_suite, rows_of_pass
from orderhub.quality.suites import Check, Suite, Suites


@dataclass(frozen=True)
class CheckCounts:
    """What one pass of checks did; every number counts rows."""

    judged_orders: int
    failed_checks: int
    anomalies_closed: int
    holds_placed: int
    holds_closed: int


@dataclass(frozen=True)
class Verdict:
    """What the scan said of one check in one pass."""

    suite: str
    rule_id: str
    judged_count: int
    evaluated_count: int
    failed_count: int


def check_orders(
    connection: Connection, clock: Clock, suites: Suites, config: MerchantConfig, pass_id: int
) -> CheckCounts:
    """Judge every order whose current version was not judged yet, and its buyer's neighbours in time.

    Args:
        connection: a write transaction under the transform lease; `ops.passes` holds `pass_id`.
        clock: stamps anomalies and holds, UTC.
        suites: what judges.
        config: who is told.
        pass_id: the transform pass; called once per pass.
    """
    now = clock.now()
    given = {"pass_id": pass_id, "now": now, "checks_version": suites.version}
    connection.execute(statement("ops/judged_orders"), given)
    judged = connection.execute(
        text("select count(*) from core.orders where _checked_pass_id = :pass_id"), given
    )
    connection.execute(
        text(
            'create temporary table failures (rule_id text, order_id text collate "C", '
            'line_id text collate "C", evidence jsonb) on commit drop'
        )
    )
    verdicts = [verdict for suite in suites.suites for verdict in scan_suite(connection, suite, pass_id)]
    _write_verdicts(connection, verdicts, pass_id)
    rules = list(suites.checks().values())
    connection.execute(statement("core/failed_checks"), _rule_columns(rules))
    closed = connection.execute(statement("core/close_anomalies"), given).rowcount
    connection.execute(statement("core/anomalies"), given)
    released = connection.execute(statement("core/close_holds"), given).rowcount
    placed = connection.execute(statement("core/holds"), given).rowcount
    if placed:
        raise_held(connection, clock, config, rules, pass_id=pass_id, placed_at=now)
    connection.execute(text("drop table failures, failed_checks"))
    return CheckCounts(judged.scalar_one(), sum(v.failed_count for v in verdicts), closed, placed, released)


def scan_suite(connection: Connection, suite: Suite, pass_id: int) -> Iterator[Verdict]:
    """Add the failures of `suite` to the temporary table `failures` and yield one verdict per check."""
    scan = compile_suite(suite)
    columns = ", ".join(scan.columns)
    rows = rows_of_pass(suite.view, pass_id)
    connection.execute(
        text(f"create temporary table {ROWS} on commit drop as select {columns} from ({rows}) as judged")  # noqa: S608 - names of ours
    )
    counts = connection.execute(text(scan.counts)).mappings().one()
    connection.execute(
        text(f"insert into failures (rule_id, order_id, line_id, evidence) {scan.failures}"),
        scan.parameters,
    )
    failed = _failed_counts(connection)
    row_checks = [check for check in suite.checks if not check.query]
    for number, check in enumerate(row_checks):
        evaluated = counts[f"evaluated_{number}"]
        yield Verdict(suite.name, check.id, counts["judged"], evaluated, failed.get(check.id, 0))
    connection.execute(text(f"drop table {ROWS}"))
    for check in (check for check in suite.checks if check.query):
        found = _run_query(connection, suite, check, rows)
        yield Verdict(suite.name, check.id, counts["judged"], counts["judged"], found)


def _run_query(connection: Connection, suite: Suite, check: Check, rows: str) -> int:
    line = "line_id" if suite.view.subject_type == "order_line" else "null"
    query = compile_query(check, f"({rows}) as batch")
    evidence = "to_jsonb(found) - 'order_id' - 'line_id'"
    return connection.execute(
        text(
            "insert into failures (rule_id, order_id, line_id, evidence) "  # noqa: S608 - a file of the project
            f"select :rule_id, order_id, {line}, {evidence} from ({query}\n) as found"
        ),
        {"rule_id": check.id},
    ).rowcount


def _failed_counts(connection: Connection) -> dict[str, int]:
    rows = connection.execute(text("select rule_id, count(*) as failed from failures group by rule_id"))
    return {row.rule_id: row.failed for row in rows}


def _write_verdicts(connection: Connection, verdicts: Sequence[Verdict], pass_id: int) -> None:
    rows: list[dict[str, Any]] = [{"pass_id": pass_id, **vars(verdict)} for verdict in verdicts]
    if rows:
        connection.execute(statement("ops/check_verdicts"), rows)


def _rule_columns(rules: Sequence[Check]) -> dict[str, list[str]]:
    return {
        "rule_ids": [rule.id for rule in rules],
        "severities": [rule.severity for rule in rules],
        "actions": [rule.action for rule in rules],
    }
