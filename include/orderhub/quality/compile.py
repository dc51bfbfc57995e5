"""Compiles a suite to SQL over the rows of one pass: what fails, with its evidence, and how many were judged.

Null passes, as in Great Expectations. Every value of a suite is a bound parameter; names of columns were
checked against the view when the suite was loaded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderhub.quality.suites import Check, Suite
from orderhub.quality.views import View

#: The rows of a suite that the pass judges, as a table expression.
ROWS = "judged_rows"
_COLUMNS = ("column", "column_A", "column_B")
_VALUES = ("min_value", "max_value", "value_set", "regex")
#: When a row fails; null passes in each of them. Bounds and uniqueness are built below.
_FAILURES: Mapping[str, str] = {
    "expect_column_values_to_not_be_null": "{column} is null",
    "expect_column_values_to_be_null": "{column} is not null",
    "expect_column_values_to_be_in_set": "{column} <> all ({value_set})",
    "expect_column_values_to_not_be_in_set": "{column} = any ({value_set})",
    "expect_column_values_to_match_regex": "{column} !~ {regex}",
    "expect_column_values_to_not_match_regex": "{column} ~ {regex}",
    "expect_column_pair_values_a_to_be_greater_than_b": "{column_A} {operator} {column_B}",
    "expect_column_pair_values_to_be_equal": "{column_A} <> {column_B}",
}


@dataclass(frozen=True)
class Scan:
    """What runs over the rows of a pass, once over the view and then over the few columns that are kept.

    Attributes:
        rows: a query that gives of each row its key, what query checks and counts read of it, and `_failed`:
            the row checks that it fails with their evidence, null when it fails none.
        joined: the columns that query checks read: what the planner must know about.
        scopes: of each row check, when it is evaluable.
        key: the columns that say what a failure is about.
        parameters: of `rows`.
    """

    rows: str
    joined: tuple[str, ...]
    scopes: tuple[str, ...]
    key: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def failures(self, rows: str) -> str:
        """Return a query for rule_id, the key and the evidence of each failure of `rows`."""
        told = "verdict ->> 'rule_id' as rule_id, verdict -> 'evidence' as evidence"
        source = f"{rows} cross join lateral jsonb_array_elements(_failed) as verdict"
        return f"select rule_id, {self.key}, evidence from (select *, {told} from {source}) as told"  # noqa: S608 - columns of a view of ours

    def counts(self, rows: str) -> str:
        """Return a query for judged, and evaluated_<n> of the n-th row check, over `rows`."""
        counters = [
            f"count(*) filter (where {scope}) as evaluated_{n}" for n, scope in enumerate(self.scopes)
        ]
        return f"select {', '.join(['count(*) as judged', *counters])} from {rows}"  # noqa: S608 - as above


def rows_of_pass(view: View, pass_id: int) -> str:
    """Return a query for the rows of `view` that the pass judges."""
    return f"select * from {view.name} where _checked_pass_id = {int(pass_id)}"  # noqa: S608 - a name of ours and a number


def compile_suite(suite: Suite, judged: str) -> Scan:
    """Return the scan of the row checks of `suite` over the query `judged`; query checks run by themselves.

    A failing row is told in the scan that reads it: most of a million rows fail nothing, and what only
    evidence shows is not kept of them.
    """
    parameters: dict[str, Any] = {}
    checks = [check for check in suite.checks if not check.query]
    windows: list[str] = []
    failing, verdicts = [], []
    for number, check in enumerate(checks):
        failed = f"(({_scope(check)}) and ({_failure(check, number, parameters, windows)}))"
        failing.append(failed)
        parameters[f"rule_{number}"] = check.id
        evidence = _evidence(check, suite.view, number, parameters)
        verdicts.append(f"(cast(:rule_{number} as text), {failed}, {evidence})")
    joined = _read_by([check.query for check in suite.checks if check.query], suite.view)
    kept = ", ".join(_kept(checks, joined, suite.view))
    source = f"select *{''.join(f', {window}' for window in windows)} from ({judged}) as judged offset 0"  # noqa: S608 - columns of a view of ours
    rows = f"select {kept}, {_told(failing, verdicts)} as _failed from ({source}) as judged"  # noqa: S608 - as above
    return Scan(rows, joined, tuple(_scope(check) for check in checks), subject_of(suite.view), parameters)


def _told(failing: Sequence[str], verdicts: Sequence[str]) -> str:
    """Return the expression of the checks that a row fails, null for most rows."""
    if not failing:
        return "null::jsonb"
    failed = f"(values {', '.join(verdicts)}) as verdict (rule_id, has_failed, evidence) where has_failed"
    told = "jsonb_agg(jsonb_build_object('rule_id', rule_id, 'evidence', evidence))"
    return f"case when {' or '.join(failing)} then (select {told} from {failed}) end"  # noqa: S608 - names were checked, values are bound


def subject_of(view: View) -> str:
    """Return the columns that say what a failure is about: order_id, line_id; of a source its shop."""
    if view.subject_type == "source":
        return "shop_id"
    return "order_id, line_id" if view.subject_type == "order_line" else "order_id, null::text as line_id"


def compile_query(check: Check, rows: str) -> str:
    """Return the SQL of a query check over `rows`, an item of a `from` clause."""
    return check.query.replace("{batch}", rows)


def _read_by(queries: Sequence[str], view: View) -> tuple[str, ...]:
    """Return the columns that queries read: every one whose name stands in their text."""
    words = {word for query in queries for word in re.findall(r"\w+", query)}
    return tuple(column for column in view.columns if column in words)


def _kept(checks: Sequence[Check], joined: Sequence[str], view: View) -> tuple[str, ...]:
    """Return the columns that are read again: by query checks, and to count what was evaluable."""
    used = {*view.key, *joined, *(check.condition[0] for check in checks if check.condition)}
    return tuple(column for column in view.columns if column in used)


def _scope(check: Check) -> str:
    if check.condition is None:
        return "true"
    column, value = check.condition
    return f"{column} = {'true' if value else 'false'}"


def _failure(check: Check, number: int, parameters: dict[str, Any], windows: list[str]) -> str:
    if "unique" in check.type:
        return _repeated(check, number, windows)
    names = {name: check.arguments[name] for name in _COLUMNS if name in check.arguments}
    for name in (name for name in _VALUES if check.arguments.get(name) is not None):
        parameters[f"{name}_{number}"] = check.arguments[name]
        names[name] = f":{name}_{number}"
    if check.type.endswith("be_between"):
        return _outside(check.type, check.arguments, names)
    operator = "<" if check.arguments.get("or_equal") else "<="
    return _FAILURES[check.type].format(operator=operator, **names)


def _outside(kind: str, arguments: Mapping[str, Any], names: Mapping[str, str]) -> str:
    value = f"length({names['column']})" if "lengths" in kind else names["column"]
    parts = []
    if "min_value" in names:
        parts.append(f"{value} {'<=' if arguments.get('strict_min') else '<'} {names['min_value']}")
    if "max_value" in names:
        parts.append(f"{value} {'>=' if arguments.get('strict_max') else '>'} {names['max_value']}")
    return " or ".join(parts)


def _repeated(check: Check, number: int, windows: list[str]) -> str:
    columns = check.arguments.get("column_list") or [check.arguments["column"]]
    scope = _scope(check)
    windows.append(
        f"count(*) filter (where {scope}) over (partition by {', '.join(columns)}) as repeats_{number}"
    )
    present = " and ".join(f"{column} is not null" for column in columns)
    return f"{present} and repeats_{number} > 1"


def _evidence(check: Check, view: View, number: int, parameters: dict[str, Any]) -> str:
    pairs = []
    for column in check.evidence:
        if view.columns[column] != "free_text":
            pairs.append(f"'{column}', {column}")
            continue
        # What people wrote may hold a name or a number: show only the words a rule looks for.
        pairs.append(f"'text_digest', left(encode(sha256(convert_to({column}, 'UTF8')), 'hex'), 8)")
        if f"regex_{number}" in parameters:
            hits = f"regexp_matches({column}, '(' || :regex_{number} || ')', 'g') as hit"
            words = "jsonb_agg(distinct regexp_replace(left(hit[1], 12), '[0-9]', '*', 'g'))"
            pairs.append(f"'words', (select {words} from {hits})")  # noqa: S608 - the pattern is bound
    return f"jsonb_build_object({', '.join(pairs)})"
