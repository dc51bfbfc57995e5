import json

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.platforms.field_map import FieldRule
from orderhub.transform.payload_sql import (
    converted_columns,
    literal,
    open_record,
    raw_columns,
    unreadable_array,
)

PAYLOAD = """'{"a": {"b": "x", "0": "y"}, "list": ["p"], "odd \\"key:n": "z", "top": "t", "收货人详细地址及门牌号(请务必填写完整)备注说明": "w"}'::jsonb"""


@pytest.mark.parametrize(
    "path, is_flat, found",
    [
        ("a.b", False, "x"),
        ("a.0", False, "y"),
        ("list.0", False, "p"),
        ("a.missing.deep", False, None),
        ("a.b", True, None),
        ('odd "key:n', True, "z"),
        ("收货人详细地址及门牌号(请务必填写完整)备注说明", True, "w"),
        ("/top", True, "t"),
    ],
)  # fmt: skip
def test_path_reads_what_stands_there(database: Database, path: str, *, is_flat: bool, found: str | None):
    opened = open_record("o", "s.payload", [path], is_flat=is_flat)

    statement = f"select {opened.text_at(path)} from (select {PAYLOAD.replace(':', chr(92) + ':')} as payload) as s, {opened.record}"

    with database.read() as connection:
        assert connection.execute(text(statement)).scalar_one() == found


def test_value_that_is_not_an_object_reads_as_nothing(database: Database):
    opened = open_record("o", "s.payload", ["a"], is_flat=False)

    with database.read() as connection:
        statement = f"select {opened.text_at('a')} from (values ('[1]'::jsonb), ('null'), ('5')) as s(payload), {opened.record}"
        assert list(connection.execute(text(statement)).scalars()) == [None, None, None]


TAGS = """'{"tags": [{"name": "a", "value": 0}, {"name": "say \\"b\\"", "value": 1}, 7], "deep": {"list": [{"id": 5, "x": {"y": "z"}}]}}'::jsonb"""


@pytest.mark.parametrize(
    "path, found",
    [
        ("tags.name=a.value", "0"),
        ('tags.name=say "b".value', "1"),
        ("tags.name=c.value", None),
        ("deep.list.id=6.x.y", None),
        ("missing.name=a.value", None),
    ],
)
def test_path_steps_into_the_item_of_a_list_that_it_names(database: Database, path: str, found: str | None):
    opened = open_record("o", "s.payload", [path], is_flat=False)

    statement = f"select {opened.text_at(path)} from (select {TAGS.replace(':', chr(92) + ':')} as payload) as s, {opened.record}"

    with database.read() as connection:
        assert connection.execute(text(statement)).scalar_one() == found


@pytest.mark.parametrize(
    "converter, written, value",
    [
        ("epoch_s", 0, None),
        ("epoch_s", "0", None),
        ("epoch_s", 1735660812, "2024-12-31 16:00:12+00"),
        ("epoch_s", " 1735660812 ", "2024-12-31 16:00:12+00"),
        ("epoch_ms", 0, None),
        ("time@Asia/Shanghai", "0001-01-01 00:00:00", None),
        ("time@Asia/Shanghai", "1970-01-01 08:00:00", None),
        ("integer", "\u3000", None),
        ("integer", " 12\u3000", "12"),
        ("integer", "0012", "12"),
        ("integer", "-12", "-12"),
        ("fen", "12.00", "12"),
        ("sku", "ts-001", "TS-001"),
        ("sku", "ｔｓ－001", "TS-001"),
        ("text", 0, "0"),
    ],
)
def test_what_says_nothing_is_absent_and_not_unreadable(
    database: Database, converter: str, written: object, value: str | None
):
    assert (value, []) == read_back(database, converter, written)


@pytest.mark.parametrize(
    "converter, written",
    [
        ("integer", "0x1F"),
        ("integer", "1_000"),
        ("integer", "12 13"),
        ("integer", "1234567890123"),
        ("fen", "12.5"),
        ("epoch_s", 1735660812000),
        ("epoch_ms", 1735660812),
        ("epoch_s", "1e9"),
    ],
)
def test_number_that_is_none_is_unreadable(database: Database, converter: str, written: object):
    assert (None, ["paid_at"]) == read_back(database, converter, written)


def read_back(database: Database, converter: str, written: object) -> tuple[str | None, list[str]]:
    rule = FieldRule("paid_at", ("t",), None, converter, 2)
    opened = open_record("o", "s.payload", ["t"], is_flat=False)
    payload = json.dumps({"t": written}, ensure_ascii=False)
    source = f"select {raw_columns(opened, [rule], '')} from (select cast({literal(payload)} as jsonb) as payload) as s, {opened.record}"
    typed = converted_columns([rule], ["paid_at"], "raw_", "")
    with database.read() as connection:
        found = connection.execute(
            text(
                f"select paid_at::text, {unreadable_array([rule])} from (select *, {typed} from ({source}) as r) as t"
            )
        ).one()
    return found.paid_at, found[1]
