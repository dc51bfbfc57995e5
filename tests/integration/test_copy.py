from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from orderhub.db.copy import copy_rows, copy_text
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with hold_scope(database, "test") as lease, database.transaction(lease) as opened:
        opened.execute(text("create temporary table t (n bigint, value text, flag boolean) on commit drop"))
        yield opened


def read(connection: Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text("select n, value, flag from t order by n"))]


@pytest.mark.parametrize(
    "value",
    [
        "tab\there",
        "line\nbreak",
        "carriage\rreturn",
        "\r\n",
        "back\\slash",
        "\\N",
        "\\.",
        "\\n",
        "",
        " ",
        "😀李**",
        "a\\\tb",
    ],
)
def test_any_text_arrives_as_it_left(connection: Connection, value: str):
    copy_rows(connection, "t", ("n", "value"), [(1, value), (2, "after")])

    assert read(connection) == [(1, value, None), (2, "after", None)]


def test_null_and_booleans_arrive(connection: Connection):
    assert copy_rows(connection, "t", ("n", "value", "flag"), [(1, None, True), (2, "\\N", False)]) == 2
    assert read(connection) == [(1, None, True), (2, "\\N", False)]


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 5_000])
def test_any_number_of_rows_arrives(connection: Connection, count: int):
    copied = copy_rows(connection, "t", ("n", "value"), ((n, "好" * (n % 7)) for n in range(count)))

    assert (copied, read(connection)) == (count, [(n, "好" * (n % 7), None) for n in range(count)])


@pytest.mark.parametrize("count", [0, 1, 5_000, 40_000])
def test_rows_that_were_made_text_before_arrive_as_any_others(connection: Connection, count: int):
    made = copy_text((n, "好\t" * (n % 30), n % 2 == 0) for n in range(count))

    copied = copy_rows(connection, "t", ("n", "value", "flag"), made)

    assert (copied, read(connection)) == (count, [(n, "好\t" * (n % 30), n % 2 == 0) for n in range(count)])


def test_one_odd_value_among_many_rows_arrives(connection: Connection):
    values = [None if n == 7 else "tab\there" if n == 250 else f"值{n}" for n in range(300)]

    copy_rows(connection, "t", ("n", "value"), list(enumerate(values)))

    assert read(connection) == [(n, value, None) for n, value in enumerate(values)]


def test_value_larger_than_the_buffer_arrives(connection: Connection):
    large = "宽\\\t" * 400_000

    copy_rows(connection, "t", ("n", "value"), [(1, large)])

    assert read(connection) == [(1, large, None)]


def test_error_of_who_gives_the_rows_arrives_as_it_is(connection: Connection):
    with pytest.raises(ZeroDivisionError), connection.begin_nested():
        copy_rows(connection, "t", ("n", "value"), ((1 // n, "") for n in (2, 1, 0)))
