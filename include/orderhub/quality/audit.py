"""Has Great Expectations run the same suites over the same rows, and compares both verdicts.

Off the critical path: holds never wait for it. Each finished pass is looked at once, whoever finished it: the
row of the pass says whether it was. Great Expectations is imported when an audit runs, because the import
alone takes seconds.
"""

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.quality.active import suites_in_force
from orderhub.quality.compile import compile_query, rows_of_pass
from orderhub.quality.suites import Suite, Suites

RULE = "differing_verdicts"
#: Passes that one audit looks at, the newest; those before them follow with the next.
MOST = 20
_WAITING = text("""
    select pass_id from ops.passes
    where kind = 'transform' and finished_at is not null and audited_at is null
    order by pass_id desc
    limit :most""")
_AUDITED = text("update ops.passes set audited_at = :now where pass_id = :pass_id")
#: The rows of a pass are all stamped with the suites that judged it.
_IS_JUDGED_OTHERWISE = text("""
    select exists (
        select from core.orders
        where _checked_pass_id = :pass_id and checks_version is distinct from :version)""")


@dataclass(frozen=True)
class Difference:
    """One check on which the scan and Great Expectations disagree.

    Attributes:
        rule_id: the check.
        scan_failed: rows that the scan marked.
        audit_failed: rows that Great Expectations counted; None when it could not run the check.
    """

    rule_id: str
    scan_failed: int
    audit_failed: int | None


@dataclass(frozen=True)
class AuditReport:
    """What one audit found.

    Attributes:
        pass_id: the transform pass.
        rules: checks with both verdicts.
        skipped_suites: suites whose rows a later pass judged again before the audit came to them, and all
            when others are in force by now.
        differences: checks on which the two readers disagree.
    """

    pass_id: int
    rules: tuple[str, ...]
    skipped_suites: tuple[str, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class _Scanned:
    judged_count: int
    failed_count: int


def audit_passes(database: Database, clock: Clock, config: MerchantConfig) -> list[AuditReport]:
    """Audit every pass that was finished and not audited yet, in their order, at most `MOST`.

    That is the pass of this run, one that died after its merge and was judged by this run, and those that a
    cut-off or the command line ran meanwhile.

    Raises:
        LeaseTaken: another audit is writing.
        DatabaseFault: the database refused or vanished.
    """
    with database.read() as connection:
        waiting = sorted(connection.execute(_WAITING, {"most": MOST}).scalars())
    return [audit_pass(database, clock, config, pass_id) for pass_id in waiting]


def audit_pass(database: Database, clock: Clock, config: MerchantConfig, pass_id: int) -> AuditReport:
    """Compare the scan's verdicts of a pass with Great Expectations' and alert when they differ.

    Running it again is harmless. A check's alert is open until an audit finds it the same again.

    Raises:
        LeaseTaken: another audit is writing.
        DatabaseFault: the database refused or vanished.
    """
    scanned = _scanned(database, pass_id)
    audited, skipped = _audited(database, suites_in_force(database, config), pass_id, scanned)
    differences = tuple(
        Difference(rule_id, scanned[rule_id].failed_count, failed)
        for rule_id, failed in sorted(audited.items())
        if failed != scanned[rule_id].failed_count
    )
    with hold_scope(database, "audit") as lease, database.transaction(lease) as connection:
        _record(connection, clock, pass_id, audited)
        close_alerts(connection, clock, RULE, sorted(audited.keys() - {d.rule_id for d in differences}))
        raise_alerts(connection, clock, config, [_alert(pass_id, found) for found in differences])
    return AuditReport(pass_id, tuple(sorted(audited)), tuple(skipped), differences)


def _audited(
    database: Database, suites: Suites, pass_id: int, scanned: Mapping[str, _Scanned]
) -> tuple[dict[str, int | None], list[str]]:
    """Return what Great Expectations counts, by check, and the suites that it cannot judge any more."""
    audited: dict[str, int | None] = {}
    skipped: list[str] = []
    are_others = _is_judged_otherwise(database, suites, pass_id)
    for suite in suites.suites:
        known = {check.id for check in suite.checks if check.id in scanned}
        if not known or scanned[min(known)].judged_count == 0:
            continue
        judged = scanned[min(known)].judged_count
        is_whole = not are_others and _rows(database, suite, pass_id) == judged
        counted = _count(database, suite, pass_id) if is_whole else {}
        if not counted or _rows(database, suite, pass_id) != judged:
            skipped.append(suite.name)
            continue
        audited.update({rule_id: counted[rule_id] for rule_id in known})
    return audited, skipped


def _is_judged_otherwise(database: Database, suites: Suites, pass_id: int) -> bool:
    given = {"pass_id": pass_id, "version": suites.version}
    with database.read() as connection:
        return bool(connection.execute(_IS_JUDGED_OTHERWISE, given).scalar_one())


def _scanned(database: Database, pass_id: int) -> dict[str, _Scanned]:
    with database.read() as connection:
        rows = connection.execute(
            text(
                "select rule_id, judged_count, failed_count from ops.check_verdicts where pass_id = :pass_id"
            ),
            {"pass_id": pass_id},
        )
        return {row.rule_id: _Scanned(row.judged_count, row.failed_count) for row in rows}


def _rows(database: Database, suite: Suite, pass_id: int) -> int:
    with database.read() as connection:
        query = f"select count(*) from ({rows_of_pass(suite.view, pass_id)}) as judged"  # noqa: S608 - a view of ours
        return int(connection.execute(text(query)).scalar_one())


def _count(database: Database, suite: Suite, pass_id: int) -> dict[str, int | None]:
    """Return check id → failing rows as Great Expectations counts them, None where it could not."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    url = database.engine.url.render_as_string(hide_password=False)
    source = context.data_sources.add_postgres("hub", connection_string=url, create_temp_table=False)
    try:
        asset = source.add_query_asset(suite.name, query=rows_of_pass(suite.view, pass_id))
        batch = asset.add_batch_definition_whole_table(suite.name).get_batch()
        expectations = gx.ExpectationSuite(name=suite.name, expectations=_expectations(suite))
        outcome = batch.validate(expectations, result_format="BASIC")
    finally:
        source.get_engine().dispose()
    return {
        result.expectation_config.meta["id"]: _failed(result.success, result.result)
        for result in outcome.results
    }


def _expectations(suite: Suite) -> list[dict[str, Any]]:
    """Return the suite's own JSON, with the SQL of query checks in place."""
    expectations: list[dict[str, Any]] = copy.deepcopy(list(suite.document["expectations"]))
    queries = {check.id: compile_query(check, "{batch}") for check in suite.checks if check.query}
    for expectation in expectations:
        query = queries.get(expectation["meta"]["id"])
        if query is not None:
            expectation["kwargs"] = {"unexpected_rows_query": query}
    return expectations


def _failed(success: bool, result: Mapping[str, Any]) -> int | None:  # noqa: FBT001 - two parts of one result
    counted = result.get("unexpected_count", result.get("observed_value"))
    if counted is None:
        return 0 if success else None
    return int(counted)


def _record(connection: Connection, clock: Clock, pass_id: int, audited: Mapping[str, int | None]) -> None:
    connection.execute(_AUDITED, {"pass_id": pass_id, "now": clock.now()})
    if audited:
        connection.execute(
            text(
                "update ops.check_verdicts set audited_failed_count = :failed, audited_at = :now "
                "where pass_id = :pass_id and rule_id = :rule_id"
            ),
            [
                {"pass_id": pass_id, "rule_id": rule_id, "failed": failed, "now": clock.now()}
                for rule_id, failed in audited.items()
            ],
        )


def _alert(pass_id: int, found: Difference) -> Alert:
    counted = "?" if found.audit_failed is None else found.audit_failed
    return Alert(
        rule_id=RULE,
        severity="warning",
        subject=found.rule_id,
        fingerprint="differs",
        title_zh=f"检查结果不一致:{found.rule_id}",
        title_en=f"Verdicts differ: {found.rule_id}",
        text_zh=(
            f"第 {pass_id} 批:数据库扫描有 {found.scan_failed} 行失败,Great Expectations 有 {counted} 行。"
            "挂起以扫描为准;请数据工程师查明原因,见 docs/runbooks/transform.md。两边又一致后自动关闭。"
        ),
        text_en=(
            f"Pass {pass_id}: the SQL scan counts {found.scan_failed} failing row(s), Great Expectations "
            f"{counted}. Holds follow the scan; a data engineer should find out why, see "
            "docs/runbooks/transform.md. It closes once both say the same again."
        ),
    )
