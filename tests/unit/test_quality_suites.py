"""A suite that cannot be compiled is refused by name, before it judges anything."""

import copy
import json
from typing import Any

import pytest

from orderhub.errors import ConfigError
from orderhub.paths import expectations_directory
from orderhub.quality.compile import compile_suite
from orderhub.quality.suites import Suites, parse_suites

GOOD: dict[str, Any] = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "paid_fen", "min_value": 0},
    "severity": "warning",
    "meta": {
        "id": "negative_amount",
        "action": "hold",
        "message_zh": "金额为负",
        "message_en": "Negative amount",
    },
}
WHEN = {"type": "comparison", "column": {"name": "is_payment_expected"}, "operator": "==", "parameter": True}
QUERIES = {
    "pairs.sql": "-- comment: one\nselect order_id from {batch}",
    "braces.sql": "select '{}' from {batch}",
}


def parse(*expectations: dict[str, Any], view: str = "ops.checkable_orders") -> Suites:
    document = {"name": "mine", "meta": {"view": view}, "expectations": list(expectations)}
    return parse_suites({"mine.json": json.dumps(document)}, QUERIES)


def changed(path: str, value: object) -> dict[str, Any]:
    """GOOD with the value at a dotted path replaced, or removed when it is `...`."""
    expectation = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    target = expectation
    for parent in parents:
        target = target[parent]
    target[last] = value
    if value is ...:
        del target[last]
    return expectation


def test_the_shipped_suites_are_accepted_and_unique() -> None:
    directory = expectations_directory()
    texts = {file.name: file.read_text(encoding="utf-8") for file in directory.glob("*.json")}
    queries = {file.name: file.read_text(encoding="utf-8") for file in (directory / "queries").glob("*.sql")}

    suites = parse_suites(texts, queries)

    assert [suite.name for suite in suites.suites] == ["corrections", "order_lines", "orders", "sources"]
    assert {"missing_region", "zero_amount", "sku_not_mapped", "suspected_duplicate_order"} <= set(
        suites.checks()
    )


def test_shipped_suites_hold_readable_chinese() -> None:
    for file in expectations_directory().glob("*.json"):
        assert "\\u" not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        (changed("type", "expect_column_values_to_be_betwen"), "did you mean expect_column_values_to_be_between?"),
        (changed("type", "expect_column_mean_to_be_between"), "type 'expect_column_mean_to_be_between' is not known"),
        (changed("kwargs.column", "paid_fem"), "column 'paid_fem' is not known; did you mean paid_fen?"),
        (changed("kwargs.colum", "x"), "argument 'colum' is not known; did you mean column?"),
        (changed("kwargs.mostly", 0.9), "mostly is not accepted"),
        (changed("kwargs.min_value", ...), "min_value or max_value must be given"),
        (changed("kwargs.min_value", "0"), "must be a whole number"),
        (changed("kwargs.column", "currency"), "column currency holds a text, not a number"),
        (changed("severity", "fatal"), "severity 'fatal' is not known"),
        (changed("meta.action", "hold_line"), "meta.action 'hold_line' is not known; did you mean hold?"),
        (changed("meta.action", "stop_source"), "meta.action 'stop_source' is not known"),
        (changed("meta.kind", "adress"), "did you mean address?"),
        (changed("meta.canary", {"bad": {"paid_fem": 1}}), "did you mean paid_fen?"),
        (changed("meta.message_zh", ""), "meta.message_zh is missing"),
        (changed("meta.owner", "me"), "meta 'owner' is not known"),
        (changed("meta.evidence", ["paid_fe"]), "did you mean paid_fen?"),
        (changed("meta.query_file", "pairs.sql"), "belongs to unexpected_rows_expectation only"),
        (changed("kwargs.row_condition", 'col("is_payment_expected") == true'), "must compare one boolean column"),
        (changed("kwargs.row_condition", WHEN | {"column": {"name": "is_paid"}}), "row_condition column 'is_paid'"),
        (changed("kwargs.row_condition", WHEN | {"operator": "!="}), "must compare one boolean column"),
        (changed("expectation", 1), "key 'expectation' is not known"),
    ],
)  # fmt: skip
def test_what_cannot_be_compiled_is_refused_with_file_and_id(expectation: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse(expectation)

    assert str(refusal.value).startswith("expectations/mine.json: expectation negative_amount: ")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("kind", "kwargs", "said"),
    [
        ("expect_column_values_to_be_in_set", {"column": "status", "value_set": []}, "value_set must list"),
        ("expect_column_values_to_be_in_set", {"column": "paid_fen", "value_set": ["1"]}, "the column holds a number"),
        ("expect_column_values_to_match_regex", {"column": "paid_fen", "regex": "1"}, "not a text"),
        ("expect_column_values_to_match_regex", {"column": "status"}, "argument regex is missing"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["status"], "ignore_row_if": "never"}, "ignore_row_if must be"),
        ("expect_compound_columns_to_be_unique", {"column_list": ["status"], "ignore_row_if": "any_value_is_missing"}, "two columns"),
        ("unexpected_rows_expectation", {"row_condition": WHEN}, "row_condition is not read by a query"),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select 1"}, "'unexpected_rows_query' is not known"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused(kind: str, kwargs: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse(GOOD | {"type": kind, "kwargs": kwargs})

    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("query_file", "said"),
    [("pair.sql", "did you mean pairs.sql?"), ("braces.sql", "must name {batch} once")],
)
def test_a_query_must_exist_and_name_its_batch_once(query_file: str, said: str) -> None:
    meta = GOOD["meta"] | {"query_file": query_file}

    with pytest.raises(ConfigError) as refusal:
        parse(GOOD | {"type": "unexpected_rows_expectation", "kwargs": {}, "meta": meta})

    assert said in str(refusal.value)


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="negative_amount: used twice"):
        parse(GOOD, GOOD)


def test_a_view_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expectations/mine.json: meta.view 'core.orders' is not known"):
        parse(GOOD, view="core.orders")


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"expectations/mine.json: not JSON"):
        parse_suites({"mine.json": "{"}, {})


def test_the_version_changes_with_a_file_and_with_a_query() -> None:
    document = json.dumps({"meta": {"view": "ops.checkable_orders"}, "expectations": [GOOD]})

    versions = [
        parse_suites({"mine.json": document}, {}).version,
        parse_suites({"mine.json": document + " "}, {}).version,
        parse_suites({"mine.json": document}, QUERIES).version,
    ]

    assert len(set(versions)) == 3


def test_values_are_bound_and_never_part_of_the_sql() -> None:
    regex = "'; drop table core.orders; --"
    suites = parse(
        GOOD | {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "status", "regex": regex}}
    )

    scan = compile_suite(suites.suites[0], "select * from ops.checkable_orders")

    assert ":regex_0" in scan.rows
    assert "drop table" not in scan.rows
    assert scan.parameters["regex_0"] == regex
