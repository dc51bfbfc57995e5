"""Compiles a suite to SQL over the rows of one pass: what fails, with its evidence, and how many were judged.

Null passes, as in Great Expectations. Every value of a suite is a bound parameter; names of columns were
checked against the view when the suite was loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orderhub.quality.suites import Check, Suite
from orderhub.quality.views import View

#: The rows of a suite that the pass judges, as a table expression.
ROWS = "judged_rows"


@dataclass
class Scan:
    """Two statements over `ROWS` and the parameters both share."""

    failures: str
    counts: str
    parameters: dict[str, Any] = field(default_factory=dict)


def rows_of_pass(view: View, pass_id: int) -> str:
    """Return a query for the rows of `view` that the pass judges."""
    return f"select * from {view.name} where _checked_pass_id = {int(pass_id)}"  # noqa: S608 - a name of ours and a number


def compile_suite(suite: Suite) -> Scan:
    """Return the scan of the row checks of `suite`; query checks are run by themselves."""
    parameters: dict[str, Any] = {}
    checks = [check for check in suite.checks if not check.query]
    windows: list[str] = []
    failing: list[str] = []
    branches: list[str] = []
    counters: list[str] = ["count(*) as judged"]
    for number, check in enumerate(checks):
        scope = _scope(check)
        failed = f"({scope}) and ({_failure(check, number, parameters, windows)})"
        failing.append(f"({failed})")
        parameters[f"rule_{number}"] = check.id
        branches.append(f"(cast(:rule_{number} as text), {failed}, {_evidence(check, suite.view, number, parameters)})")
        counters.append(f"count(*) filter (where {scope}) as evaluated_{number}")
    line = "line_id" if suite.view.subject_type == "order_line" else "null::text"
    source = f"(select *{''.join(', ' + window for window in windows)} from {ROWS}) as marked" if windows else ROWS
    failures = (
        f"select rule_id, order_id, {line} as line_id, evidence from {source} cross join lateral "  # noqa: S608 - names were checked, values are bound
        f"(values {', '.join(branches)}) as verdict (rule_id, has_failed, evidence) "
        f"where ({' or '.join(failing)}) and has_failed"
    )
    counts = f"select {', '.join(counters)} from {ROWS}"  # noqa: S608 - as above
    return Scan(failures, counts, parameters)


def compile_query(check: Check, rows: str) -> str:
    """Return the SQL of a query check over `rows`, a table name or a parenthesised query."""
    return check.query.strip().rstrip(";").replace("{batch}", rows)


def _scope(check: Check) -> str:
    if check.condition is None:
        return "true"
    column, value = check.condition
    return f"{column} = {'true' if value else 'false'}"


def _failure(check: Check, number: int, parameters: dict[str, Any], windows: list[str]) -> str:
    arguments = check.arguments
    column = arguments.get("column", "")

    def bind(name: str) -> str:
        parameters[f"{name}_{number}"] = arguments[name]
        return f":{name}_{number}"

    match check.type.removeprefix("expect_"):
        case "column_values_to_not_be_null":
            return f"{column} is null"
        case "column_values_to_be_null":
            return f"{column} is not null"
        case "column_values_to_be_between":
            return _outside(column, arguments, bind)
        case "column_value_lengths_to_be_between":
            return _outside(f"length({column})", arguments, bind)
        case "column_values_to_be_in_set":
            return f"{column} <> all ({bind('value_set')})"
        case "column_values_to_not_be_in_set":
            return f"{column} = any ({bind('value_set')})"
        case "column_values_to_match_regex":
            return f"{column} !~ {bind('regex')}"
        case "column_values_to_not_match_regex":
            return f"{column} ~ {bind('regex')}"
        case "column_pair_values_a_to_be_greater_than_b":
            return _pair(arguments, "<" if arguments.get("or_equal") else "<=")
        case "column_pair_values_to_be_equal":
            return _pair(arguments, "<>")
        case _:
            return _repeated(check, number, windows)


def _pair(arguments: Mapping[str, Any], operator: str) -> str:
    return f"{arguments['column_A']} {operator} {arguments['column_B']}"


def _outside(value: str, arguments: Mapping[str, Any], bind: Any) -> str:
    parts = []
    if arguments.get("min_value") is not None:
        parts.append(f"{value} {'<=' if arguments.get('strict_min') else '<'} {bind('min_value')}")
    if arguments.get("max_value") is not None:
        parts.append(f"{value} {'>=' if arguments.get('strict_max') else '>'} {bind('max_value')}")
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
        # What people wrote may hold a name or a number: show the words a rule looks for, and name the rest.
        regex = f":regex_{number}" if f"regex_{number}" in parameters else "'^$'"
        pairs.append(f"'words', (select jsonb_agg(distinct regexp_replace(left(hit[1], 12), '[0-9]', '*', 'g')) "
            f"from regexp_matches({column}, '(' || {regex} || ')', 'g') as hit)")
        pairs.append(f"'text_digest', left(encode(sha256(convert_to({column}, 'UTF8')), 'hex'), 8)")
    return f"jsonb_build_object({', '.join(pairs)})"
