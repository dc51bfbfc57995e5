"""Converters against the database: every text gives a value or null, never an error."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.domain.sku import normalise_sku
from orderhub.platforms.converters import CONVERTERS, convert, trimmed

ZONED = "time@Asia/Shanghai"
NAMES = [*CONVERTERS, ZONED]
ODD_LETTERS = "0123456789+-.eE:/T Z年月日\t\n\r\u00a0\u3000\u2028\uff10\uff11\uff12٣४NaInf,'\"\\%$ß"
ODD_WORDS = [
    "NaN", "Infinity", "-inf", "1e5", "1e400", "0x1F", "1_000", "12x", "--1", "", " ", "null", "0001-01-01 00:00:00",
    "9999-12-31 23:59:59", "2026-02-30 10:00:00", "2026-13-01", "24:00:00", "2026-11-20 24:00:00", "infinity",
    "now", "today", "epoch", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00+99:99", "2026-11-20Tx+08:00",
    "9" * 400, "1" + "0" * 15, "99999999999999", "9999999999999", "4714-11-24 BC", "\uff11\uff12", "\u300012\u3000",
]  # fmt: skip


def converted(database: Database, name: str, values: list[str]) -> list[Any]:
    """Convert `values` in one statement, as a pass does."""
    statement = text(
        f"select {convert(name, trimmed('v'))} from unnest(cast(:v as text[])) with ordinality as t(v, n) order by n"
    )
    with database.read() as connection:
        return list(connection.execute(statement, {"v": values}).scalars())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.one_of(
            st.text(ODD_LETTERS, max_size=20),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
            st.sampled_from(ODD_WORDS),
        ),
        min_size=20,
        max_size=60,
    )
)
def test_no_text_makes_a_converter_fail(database: Database, name: str, values: list[str]):
    assert len(converted(database, name, values)) == len(values)


@pytest.mark.parametrize("name", NAMES)
def test_known_odd_words_never_fail(database: Database, name: str):
    assert len(converted(database, name, ODD_WORDS)) == len(ODD_WORDS)


@pytest.mark.parametrize(
    "name, written, value",
    [
        ("text", " 2160451543726114828 ", "2160451543726114828"),
        ("text", "\u3000\t ", None),
        ("sku", "ts-001-blk", "TS-001-BLK"),
        ("sku", "\u3000ｔｓ－００１ ", "TS-001"),
        ("sku", "ts-杯é", "TS-杯É"),
        ("integer", "12", 12),
        ("integer", " +12.00 ", 12),
        ("integer", "12.5", None),
        ("integer", "\uff11\uff12", None),
        ("integer", "9" * 16, None),
        ("fen", "-1999", -1999),
        ("yuan", "129.00", 12900),
        ("yuan", "0.1", 10),
        ("yuan", "19.9", 1990),
        ("yuan", "19.900", 1990),
        ("yuan", "19.905", None),
        ("yuan", "NaN", None),
        ("yuan", "Infinity", None),
        ("yuan", "1e2", None),
        ("yuan", "1,299.00", None),
        ("yuan", "\uff11\uff12\uff19.00", None),
        ("city", " 襄樊市 ", "襄阳市"),
        ("city", "哈密地区", "哈密市"),
        ("city", "喀什地区", "喀什地区"),
        ("city", "襄阳市", "襄阳市"),
        ("city", "没有这个市", "没有这个市"),
        ("district", "崇安区", "梁溪区"),
        ("district", "桥东区", "桥东区"),
        ("district", "西湖区", "西湖区"),
        ("boolean", "是", True),
        ("boolean", "FALSE", False),
        ("boolean", "maybe", None),
        (ZONED, "2026-11-20 09:12:31", datetime(2026, 11, 20, 1, 12, 31, tzinfo=UTC)),
        (ZONED, "2026/1/5", datetime(2026, 1, 4, 16, tzinfo=UTC)),
        (ZONED, "0001-01-01 00:00:00", None),
        (ZONED, "9999-12-31 23:59:59", None),
        (ZONED, "2026-02-30 10:00:00", None),
        (ZONED, "2026-11-20T09:12:31Z", None),
        ("instant", "2026-11-20T09:12:31+08:00", datetime(2026, 11, 20, 1, 12, 31, tzinfo=UTC)),
        ("instant", "2026-11-20T09:12:31Z", datetime(2026, 11, 20, 9, 12, 31, tzinfo=UTC)),
        ("instant", "2026-11-20T09:12:31", None),
        ("epoch_s", "1763601151", datetime(2025, 11, 20, 1, 12, 31, tzinfo=UTC)),
        ("epoch_s", "1763601151000", None),
        ("epoch_s", "99999999999999", None),
        ("epoch_ms", "1763601151500", datetime(2025, 11, 20, 1, 12, 31, 500000, tzinfo=UTC)),
        ("epoch_ms", "1763601151", None),
        ("epoch_ms", "0", None),
    ],
)  # fmt: skip
def test_text_becomes_the_value_it_says_or_null(database: Database, name: str, written: str, value: Any):
    assert converted(database, name, [written]) == [value]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    codes=st.lists(
        st.text("aAzZ09-_/ \uff11\uff12\uff21\uff41éßµ中\u00a0\u3000", max_size=12), min_size=30, max_size=60
    )
)
def test_mapping_file_and_database_compare_codes_alike(database: Database, codes: list[str]):
    with database.read() as connection:
        statement = text(
            "select upper(btrim(normalize(v, nfkc))) from unnest(cast(:v as text[])) with ordinality t(v, n) order by n"
        )
        in_database = list(connection.execute(statement, {"v": codes}).scalars())

    assert in_database == [normalise_sku(code) for code in codes]
