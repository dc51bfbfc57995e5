"""Proves suites before they judge: a known-bad row must be caught and a known-good one must pass.

Each check of a row names its canaries beside itself (`meta.canary`); what a merchant changes is tried with
them. A check that reads other tables is tried by its tests.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from orderhub.config.checks import Memo
from orderhub.db.engine import describe_fault
from orderhub.errors import ConfigError
from orderhub.quality.compile import ROWS, compile_suite
from orderhub.quality.suites import Check, Suite, Suites
from orderhub.quality.views import SQL_TYPES


def refuse_dead_canaries(connection: Connection, suites: Suites) -> None:
    """Let suites pass that catch what they must and nothing else.

    Raises:
        ConfigError: a bad row that passes, a good row that fails, or a pattern that the database refuses.
    """
    for suite in suites.suites:
        try:
            with connection.begin_nested():
                said = _broken(connection, suite)
        except DBAPIError as error:
            said = str(describe_fault(error))
        if said:
            raise ConfigError(f"expectations/{suite.name}.json: {said}")


def refuse_patterns(connection: Connection, memo: Memo) -> None:
    """Let words of checks.yaml pass that the database understands as patterns.

    Raises:
        ConfigError: naming the word.
    """
    for name in type(memo).model_fields:
        for word in getattr(memo, name):
            try:
                with connection.begin_nested():
                    connection.execute(
                        text("select ops.matched_words('x', :word, null, null)"), {"word": word}
                    )
            except DBAPIError as error:
                raise ConfigError(f"checks.yaml: memo.{name}: {word!r}: {describe_fault(error)}") from None


def _broken(connection: Connection, suite: Suite) -> str:
    """Return what is wrong with the first check whose canaries sing wrongly, else nothing."""
    checks = [check for check in suite.checks if check.canary]
    columns = ", ".join(f"{name} {SQL_TYPES[kind]}" for name, kind in suite.view.columns.items())
    connection.execute(text(f"create temporary table {ROWS} ({columns}) on commit drop"))
    for check in checks:
        for word, row in check.canary.items():
            _put(connection, suite, f"{check.id}/{word}", _in_scope(check, row))
    scan = compile_suite(suite, f"select * from {ROWS}")  # noqa: S608 - a name of ours
    key, failures = suite.view.key[0], scan.failures(f"({scan.rows}) as rows")
    query = f"select rule_id, {key} as row_name from ({failures}) as f"  # noqa: S608 - names of ours
    found = connection.execute(text(query), scan.parameters)
    failed = {(row.rule_id, row.row_name) for row in found}
    connection.execute(text(f"drop table {ROWS}"))
    for check in checks:
        if (check.id, f"{check.id}/bad") not in failed and "bad" in check.canary:
            return f"expectation {check.id}: its known-bad row {dict(check.canary['bad'])} is not caught"
        if (check.id, f"{check.id}/good") in failed:
            return f"expectation {check.id}: its known-good row {dict(check.canary['good'])} is caught"
    return ""


def _in_scope(check: Check, row: Mapping[str, Any]) -> dict[str, Any]:
    return {check.condition[0]: check.condition[1], **row} if check.condition else dict(row)


def _put(connection: Connection, suite: Suite, name: str, row: Mapping[str, Any]) -> None:
    values = {**row, suite.view.key[0]: name}
    columns, binds = ", ".join(values), ", ".join(f":{column}" for column in values)
    connection.execute(text(f"insert into {ROWS} ({columns}) values ({binds})"), values)  # noqa: S608 - columns were checked when the suite was loaded
