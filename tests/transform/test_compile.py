import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.transform.payload_sql import open_record

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
