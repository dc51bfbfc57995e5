"""Reads the suites in `expectations/`: Great Expectations' own JSON, of which we accept what compiles to SQL.

A merchant's suite file of the same name replaces the shipped one; other names add to it. Refused at load,
by name: another expectation type, another argument, an unknown column, `mostly`, an id used twice.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from orderhub import paths
from orderhub.config.checks import KINDS, Kind
from orderhub.config.models import MerchantConfig
from orderhub.errors import ConfigError
from orderhub.quality.rules import (
    ACTIONS,
    Action,
    Fault,
    Severity,
    check_arguments,
    choose,
    refuse_other_keys,
)
from orderhub.quality.views import VIEWS, View

QUERY_TYPE = "unexpected_rows_expectation"
_META = (
    "id",
    "action",
    "message_zh",
    "message_en",
    "evidence",
    "moving",
    "query_file",
    "kind",
    "reads_anomalies",
    "canary",
)


@dataclass(frozen=True)
class Check:
    """One expectation.

    Attributes:
        id: travels to anomalies, holds, mails and `orderhub explain`.
        type: Great Expectations' name of it.
        arguments: its kwargs without the row condition.
        condition: boolean column and the value it must have; rows outside are not evaluable.
        action: what a failure does.
        severity: Great Expectations' own scale.
        message_zh: what a supervisor reads.
        message_en: the same in English.
        columns: columns that the verdict reads.
        evidence: columns that an anomaly shows.
        moving: of the evidence, what is not of the order, as a usual price: its change is no new evidence.
        query: SQL with `{batch}` of an `unexpected_rows_expectation`, else empty.
        kind: what streaks count it as.
        reads_anomalies: runs after the anomalies of the pass are written.
        canary: columns of a row that must fail (`bad`) and of one that must pass (`good`).
    """

    id: str
    type: str
    arguments: Mapping[str, Any]
    condition: tuple[str, bool] | None
    action: Action
    severity: Severity
    message_zh: str
    message_en: str
    columns: tuple[str, ...]
    evidence: tuple[str, ...]
    query: str
    kind: Kind | None = None
    moving: tuple[str, ...] = ()
    reads_anomalies: bool = False
    canary: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def message(self, language: Literal["zh", "en"]) -> str:
        """Return the message in the reader's language."""
        return self.message_zh if language == "zh" else self.message_en


@dataclass(frozen=True)
class Suite:
    """One file: checks of one view, the JSON as Great Expectations takes it, rules left out on purpose."""

    name: str
    view: View
    checks: tuple[Check, ...]
    document: Mapping[str, Any]
    switched_off: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suites:
    """Everything that judges; `version` is the hash of all files and queries."""

    version: str
    suites: tuple[Suite, ...]

    def checks(self) -> dict[str, Check]:
        """Return id → check."""
        return {check.id: check for suite in self.suites for check in suite.checks}


@dataclass(frozen=True)
class SuiteTexts:
    """Files as they are: name → JSON of a suite, name → SQL of a query."""

    suites: Mapping[str, str]
    queries: Mapping[str, str]


def shipped_texts() -> SuiteTexts:
    """Return the suites that come with the hub, as text."""
    directory = paths.expectations_directory()
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(directory.glob("*.json"))}
    queries = {
        file.name: file.read_text(encoding="utf-8") for file in sorted((directory / "queries").glob("*.sql"))
    }
    return SuiteTexts(texts, queries)


def suite_texts(config: MerchantConfig) -> SuiteTexts:
    """Return the shipped suites with the merchant's own in place, as text."""
    shipped = shipped_texts()
    return SuiteTexts({**shipped.suites, **config.suites}, shipped.queries)


def load_suites(config: MerchantConfig) -> Suites:
    """Return the shipped suites with the merchant's own in place.

    Raises:
        ConfigError: the first thing wrong, with file, expectation id, value and the nearest valid one.
    """
    given = suite_texts(config)
    return parse_suites(given.suites, given.queries)


def parse_suites(texts: Mapping[str, str], queries: Mapping[str, str]) -> Suites:
    """Return the suites of `texts` (file name → JSON) over `queries` (file name → SQL).

    Raises:
        ConfigError: the first thing wrong.
    """
    suites = tuple(_parse_suite(file, text, queries) for file, text in sorted(texts.items()))
    _refuse_repeated(
        (file, check.id) for file, suite in zip(sorted(texts), suites, strict=True) for check in suite.checks
    )
    digest = hashlib.sha256()
    for name, text in sorted({**texts, **queries}.items()):
        digest.update(f"{name}\0{text}\0".encode())
    return Suites(digest.hexdigest()[:16], suites)


def _parse_suite(file: str, text: str, queries: Mapping[str, str]) -> Suite:
    where = f"expectations/{file}"
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{where}: not JSON ({error})") from None
    try:
        refuse_other_keys("key", document, ("name", "expectations", "meta", "notes"))
        meta = document.get("meta", {})
        view = VIEWS[choose("meta.view", meta.get("view"), tuple(VIEWS))]
        switched_off = _read_switched_off(meta.get("switched_off", []))
    except Fault as fault:
        raise ConfigError(f"{where}: {fault}") from None
    checks = tuple(
        _parse_check(where, number, entry, view, queries)
        for number, entry in enumerate(document.get("expectations", []), start=1)
    )
    name = str(document.get("name") or file.removesuffix(".json"))
    return Suite(name, view, checks, document, switched_off)


def _read_switched_off(given: object) -> tuple[str, ...]:
    if isinstance(given, list) and all(isinstance(rule_id, str) for rule_id in given):
        return tuple(given)
    raise Fault('meta.switched_off must list ids of checks: ["usual_price"]')


def _parse_check(
    where: str, number: int, entry: Mapping[str, Any], view: View, queries: Mapping[str, str]
) -> Check:
    meta = entry.get("meta") or {}
    name = meta.get("id") or f"number {number} (no meta.id)"
    try:
        return _read_check(entry, meta, view, queries)
    except Fault as fault:
        raise ConfigError(f"{where}: expectation {name}: {fault}") from None


def _read_check(
    entry: Mapping[str, Any], meta: Mapping[str, Any], view: View, queries: Mapping[str, str]
) -> Check:
    refuse_other_keys("key", entry, ("id", "type", "kwargs", "meta", "notes", "severity"))
    refuse_other_keys("meta", meta, _META)
    for key in ("id", "message_zh", "message_en"):
        if not isinstance(meta.get(key), str) or not meta[key]:
            raise Fault(f"meta.{key} is missing; give it a text")
    arguments = dict(entry.get("kwargs") or {})
    condition = _read_condition(arguments.pop("row_condition", None), view)
    kind = str(entry.get("type"))
    columns = check_arguments(kind, arguments, view)
    query = _read_query(kind, meta, condition, queries)
    evidence = tuple(meta.get("evidence", ()))
    for column in evidence:
        choose("meta.evidence", column, tuple(view.columns))
    moving = tuple(meta.get("moving", ()))
    for column in moving:
        choose("meta.moving", column, evidence)
    return Check(
        id=meta["id"],
        type=kind,
        arguments=arguments,
        condition=condition,
        action=cast("Action", _read_action(meta.get("action"), view)),
        severity=cast("Severity", choose("severity", entry.get("severity"), ("critical", "warning", "info"))),
        message_zh=meta["message_zh"],
        message_en=meta["message_en"],
        columns=columns,
        evidence=evidence or columns,
        query=query,
        kind=cast("Kind", choose("meta.kind", meta["kind"], KINDS)) if "kind" in meta else None,
        moving=moving,
        reads_anomalies=meta.get("reads_anomalies") is True,
        canary=_read_canary(meta.get("canary", {}), view),
    )


def _read_action(action: object, view: View) -> str:
    return choose("meta.action", action, ACTIONS[view.subject_type])


def _read_canary(canary: Mapping[str, Mapping[str, Any]], view: View) -> Mapping[str, Mapping[str, Any]]:
    refuse_other_keys("meta.canary", canary, ("bad", "good"))
    for row in canary.values():
        refuse_other_keys("meta.canary column", row, tuple(view.columns))
    return canary


def _read_condition(given: object, view: View) -> tuple[str, bool] | None:
    if given is None:
        return None
    booleans = tuple(name for name, kind in view.columns.items() if kind == "boolean")
    match given:
        case {
            "type": "comparison",
            "column": {"name": column},
            "operator": "==",
            "parameter": bool(value),
            **rest,
        }:
            if not rest:
                return choose("row_condition column", column, booleans), value
    raise Fault(
        "row_condition must compare one boolean column: "
        '{"type": "comparison", "column": {"name": "'
        + booleans[0]
        + '"}, "operator": "==", "parameter": true}'
    )


def _read_query(kind: str, meta: Mapping[str, Any], condition: object, queries: Mapping[str, str]) -> str:
    if kind != QUERY_TYPE:
        if "query_file" in meta:
            raise Fault(f"meta.query_file belongs to {QUERY_TYPE} only")
        return ""
    if condition is not None:
        raise Fault("row_condition is not read by a query; write the condition in its SQL")
    text = queries[choose("meta.query_file", meta.get("query_file"), tuple(queries))]
    query = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    if query.count("{") != 1 or "{batch}" not in query or any(sign in query for sign in "%:;"):
        raise Fault(f"{meta['query_file']} must name {{batch}} once and hold no other brace, %, : or ;")
    return query


def _refuse_repeated(ids: Iterable[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for file, check_id in ids:
        if check_id in seen:
            raise ConfigError(
                f"expectations/{file}: expectation {check_id}: used twice (also in {seen[check_id]})"
            )
        seen[check_id] = file
