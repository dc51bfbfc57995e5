"""Says what follows from the checks of a pass: anomalies, holds, stopped sources, alerts.

Works on sets, never a row at a time. An order and its holds appear together: in the transaction of the pass,
or, of a large pass, when it is finished; until then none of its orders is ready (`core.line_readiness`).
First the checks of rows and sources, then those that read the anomalies of the first.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from orderhub.alerts.held import open_held
from orderhub.alerts.telling import tell
from orderhub.alerts.wording import HELD
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.quality.escalate import close_faded, tell_of_rows_and_incidents
from orderhub.quality.scan import Found, Verdict, drop_tables, scan_again
from orderhub.quality.sources import stop_sources
from orderhub.quality.suites import Check, Suites
from orderhub.quality.usual_prices import refresh_usual_prices

_COUNT = text("""
    select shop_id, count(*), count(*) filter (where lifecycle = 'live')
    from core.orders where _checked_pass_id = :pass_id group by shop_id""")


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
class Judging:
    """One pass of checks.

    Attributes:
        pass_id: the transform pass, a row of `ops.passes`.
        suites: what judges.
        config: who is told, and the thresholds.
        clock: stamps anomalies and holds, UTC.
    """

    pass_id: int
    suites: Suites
    config: MerchantConfig
    clock: Clock


class ShopCount(NamedTuple):
    """What a pass judges of one shop: all orders, and those that are live."""

    shop_id: str
    order_count: int
    live_count: int


Judged = Sequence[ShopCount]


@dataclass
class _Ended:
    closed: int = 0
    released: int = 0
    placed: int = 0


def mark_judged(connection: Connection, judging: Judging) -> None:
    """Mark what the pass judges; the scan reads what is marked, and the usual prices of today."""
    refresh_usual_prices(connection, judging.clock, judging.pass_id)
    given = {
        "pass_id": judging.pass_id,
        "checks_version": judging.suites.version,
        "minutes": judging.config.checks.longest_duplicate_minutes,
    }
    connection.execute(statement("ops/judged_orders"), given)


def count_judged(connection: Connection, pass_id: int) -> Judged:
    """Return how many orders a pass judges, shop by shop."""
    return [ShopCount(*row) for row in connection.execute(_COUNT, {"pass_id": pass_id})]


def conclude(
    connection: Connection,
    judging: Judging,
    rounds: Iterable[Sequence[Verdict]],
    found: Found,
    judged: Callable[[], Judged],
) -> CheckCounts:
    """Write what follows from the checks, round by round, and ask those that read it.

    Args:
        connection: a write transaction under the transform lease, in which the failures are `failures`.
        judging: once per pass.
        rounds: what the checks said that read no anomalies; of a large pass the second is still being asked
            while what follows from the first is written.
        found: where the rows are; dropped at the end.
        judged: says how many orders are judged, once it is needed: another session may count them.
    """
    now = judging.clock.now()
    given = {"pass_id": judging.pass_id, "now": now, "checks_version": judging.suites.version}
    ended, verdicts, new = _Ended(), list[Verdict](), 0
    for said in rounds:
        placed = _write_anomalies(connection, judging.suites, given, ended, said, is_first=not verdicts)
        verdicts += said
        new += _open_held(connection, judging, now) if placed else 0
    # Before the rows of doubt are looked for: what is wrong with a source is no doubt about its buyers.
    close_faded(connection, judging.clock, judging.suites)
    stopped = stop_sources(connection, judging.clock, judging.suites, judging.config, judging.pass_id)
    again = scan_again(connection, judging.suites, found)
    _write_anomalies(connection, judging.suites, given, ended, again, is_first=False)
    verdicts += again
    _write_verdicts(connection, verdicts, judging.pass_id)
    _tell(connection, judging, counted := judged(), is_new=new > 0)
    drop_tables(connection, judging.suites, found)
    failed = sum(verdict.failed_count for verdict in verdicts)
    orders = sum(shop.order_count for shop in counted)
    return CheckCounts(orders, failed, ended.closed, ended.placed, ended.released, stopped)


def _open_held(connection: Connection, judging: Judging, placed_at: datetime) -> int:
    """Open the alerts of the holds of a round; a row of doubt is told once as a row, not order by order."""
    rules = [check for check in judging.suites.checks().values() if not check.reads_anomalies]
    return open_held(connection, judging.clock, rules, pass_id=judging.pass_id, placed_at=placed_at)


def _tell(connection: Connection, judging: Judging, judged: Judged, *, is_new: bool) -> None:
    """Tell of the new holds, and raise the alerts of the pass about buyers, sources and rules."""
    clock, suites, config, pass_id = judging.clock, judging.suites, judging.config, judging.pass_id
    # Few orders of a pass are told of: looked up by key, also in a large pass, which joins sets otherwise.
    connection.exec_driver_sql("set local enable_nestloop = on")
    if is_new:
        tell(connection, clock, config, [HELD])
    live = {shop.shop_id: shop.live_count for shop in judged}
    tell_of_rows_and_incidents(connection, clock, suites, config, pass_id=pass_id, live=live)


def _write_anomalies(
    connection: Connection,
    suites: Suites,
    given: Mapping[str, Any],
    ended: _Ended,
    said: Sequence[Verdict],
    *,
    is_first: bool,
) -> int:
    """Open and close what one round of checks says, and return new holds; rules that are gone close first."""
    checks = suites.checks()
    asked = {verdict.rule_id for verdict in said}
    listed = checks.keys() - asked if is_first else asked
    connection.execute(
        statement("core/failed_checks"), _rule_columns([checks[name] for name in sorted(asked)])
    )
    closing = {**given, "rule_ids": sorted(listed), "are_these": not is_first}
    ended.closed += connection.execute(statement("core/close_anomalies"), closing).rowcount
    connection.execute(statement("core/anomalies"), given)
    ended.released += connection.execute(statement("core/close_holds"), given).rowcount
    placed = connection.execute(statement("core/holds"), given).rowcount
    ended.placed += placed
    connection.execute(text("drop table failed_checks"))
    return placed


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
