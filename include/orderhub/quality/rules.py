"""The expectation types that are accepted, their arguments, and how a wrong one is explained."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from orderhub.quality.views import View

Action = Literal["hold", "hold_line", "warn", "stop_source"]
#: Grain → what a failure may do.
ACTIONS: Mapping[str, tuple[Action, ...]] = {
    "order": ("hold", "warn"),
    "order_line": ("hold_line", "warn"),
    "source": ("stop_source", "warn"),
}
Severity = Literal["critical", "warning", "info"]

_BOUNDS = ("min_value", "max_value", "strict_min", "strict_max")
#: Type → arguments beside `row_condition`. A pair or list ignores rows with a null, and must say so.
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "expect_column_values_to_not_be_null": ("column",),
    "expect_column_values_to_be_null": ("column",),
    "expect_column_values_to_be_between": ("column", *_BOUNDS),
    "expect_column_values_to_be_in_set": ("column", "value_set"),
    "expect_column_values_to_not_be_in_set": ("column", "value_set"),
    "expect_column_values_to_match_regex": ("column", "regex"),
    "expect_column_values_to_not_match_regex": ("column", "regex"),
    "expect_column_value_lengths_to_be_between": ("column", *_BOUNDS),
    "expect_column_values_to_be_unique": ("column",),
    "expect_compound_columns_to_be_unique": ("column_list", "ignore_row_if"),
    "expect_column_pair_values_a_to_be_greater_than_b": ("column_A", "column_B", "or_equal", "ignore_row_if"),
    "expect_column_pair_values_to_be_equal": ("column_A", "column_B", "ignore_row_if"),
    "unexpected_rows_expectation": (),
}
_OPTIONAL = {*_BOUNDS, "or_equal"}
_IGNORED_ROWS = {
    "expect_compound_columns_to_be_unique": "any_value_is_missing",
    "expect_column_pair_values_a_to_be_greater_than_b": "either_value_is_missing",
    "expect_column_pair_values_to_be_equal": "either_value_is_missing",
}
_TEXT_TYPES = {
    "expect_column_values_to_match_regex",
    "expect_column_values_to_not_match_regex",
    "expect_column_value_lengths_to_be_between",
}


class Fault(Exception):  # noqa: N818 - becomes a ConfigError where the file and the expectation are known
    """What is wrong with one expectation."""


def choose(what: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return `value` when it is allowed.

    Raises:
        Fault: it is not; names the nearest allowed one.
    """
    if isinstance(value, str) and value in allowed:
        return value
    near = difflib.get_close_matches(str(value), allowed, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(allowed)}"
    raise Fault(f"{what} {value!r} is not known; {hint}")


def refuse_other_keys(what: str, given: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Let known keys pass.

    Raises:
        Fault: the first key that is not one.
    """
    for key in given:
        choose(what, key, allowed)


def check_arguments(kind: str, arguments: Mapping[str, Any], view: View) -> tuple[str, ...]:
    """Let an expectation pass that compiles to SQL, and return the columns it reads.

    Raises:
        Fault: the type, an argument, a column or a value cannot be compiled.
    """
    expected = ARGUMENTS[choose("type", kind, tuple(ARGUMENTS))]
    if "mostly" in arguments:
        raise Fault("mostly is not accepted: each row is judged by itself; use action warn")
    refuse_other_keys("argument", arguments, expected)
    for name in expected:
        if name not in arguments and name not in _OPTIONAL:
            raise Fault(f"argument {name} is missing")
    if kind in _IGNORED_ROWS and arguments["ignore_row_if"] != _IGNORED_ROWS[kind]:
        raise Fault(f"ignore_row_if must be {_IGNORED_ROWS[kind]!r}")
    columns = _columns(arguments)
    for column in columns:
        choose("column", column, tuple(view.columns))
    _check_values(kind, arguments, [view.columns[column] for column in columns])
    return tuple(columns)


def _columns(arguments: Mapping[str, Any]) -> list[str]:
    columns = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    given = arguments.get("column_list", [])
    if not isinstance(given, list) or ("column_list" in arguments and len(given) < 2):  # noqa: PLR2004 - a compound
        raise Fault("column_list must name two columns or more")
    return columns + given


def _check_values(kind: str, arguments: Mapping[str, Any], kinds: list[str]) -> None:
    if "value_set" in arguments:
        _check_value_set(arguments["value_set"], kinds[0])
    if kind in _TEXT_TYPES and kinds[0] not in {"text", "free_text"}:
        raise Fault(f"column {arguments['column']} holds a {kinds[0]}, not a text")
    if "regex" in arguments and not isinstance(arguments["regex"], str):
        raise Fault("regex must be a text")
    if kind.endswith("be_between"):
        _check_bounds(kind, arguments, kinds[0])


def _check_value_set(values: object, kind: str) -> None:
    wanted = int if kind == "number" else str
    if not isinstance(values, list) or not values or kind in {"boolean", "time"}:
        raise Fault("value_set must list texts or whole numbers, for a column of that kind")
    for value in values:
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise Fault(f"value_set holds {value!r}, the column holds a {kind}")


def _check_bounds(kind: str, arguments: Mapping[str, Any], column_kind: str) -> None:
    if kind not in _TEXT_TYPES and column_kind != "number":
        raise Fault(f"column {arguments['column']} holds a {column_kind}, not a number")
    bounds = [arguments[name] for name in ("min_value", "max_value") if arguments.get(name) is not None]
    if not bounds:
        raise Fault("min_value or max_value must be given")
    for bound in bounds:
        if not isinstance(bound, int) or isinstance(bound, bool):
            raise Fault(f"bound {bound!r} must be a whole number")
