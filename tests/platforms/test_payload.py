import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.errors import ContractError
from orderhub.platforms.payload import (
    at_path,
    clean,
    dump_json,
    parse_json,
    quotable,
    storable,
    storable_answer,
    version_hash,
    written,
)


@pytest.mark.parametrize(
    "body, kind",
    [
        (b"<html><body>login</body></html>", "an HTML page (JSONDecodeError, 31 bytes)"),
        (b"", "not the documented JSON (JSONDecodeError, 0 bytes)"),
        (b'{"a": NaN}', "not the documented JSON (ValueError, 10 bytes)"),
        (b'{"a": 1e999}', "not the documented JSON (ValueError, 12 bytes)"),
        (b'{"a": 1, "a": 2}', "not the documented JSON (ValueError, 16 bytes)"),
        ('{"a": "中"}'.encode("gb18030"), "not the documented JSON (UnicodeDecodeError, 11 bytes)"),
        (b"[" * 100_000, "not the documented JSON (RecursionError, 100000 bytes)"),
    ],
)
def test_answer_that_is_not_the_protocol_is_refused_without_its_content(body: bytes, kind: str):
    with pytest.raises(ContractError) as caught:
        parse_json(body, "list")

    assert str(caught.value) == f"list: the answer is {kind}"


def test_long_ids_stay_exact():
    assert parse_json(b'{"tid": 2160451543726114828}', "x") == {"tid": 2160451543726114828}


@given(st.text(st.sampled_from('a\\u0\0\ud800\udfff"中😀\n'), max_size=30))
def test_cleaned_payload_is_json_and_keeps_all_but_refused_characters(value: str):
    payload, note = clean(dump_json({"v": value}))

    expected = "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
    assert json.loads(payload)["v"] == expected
    assert (note is not None) == (expected != value)


@given(st.text(st.sampled_from('a\\u0\0\ud800\udfff"中퟿😀\n'), max_size=30))
def test_bytes_are_cleaned_as_their_text_is(value: str):
    payload, note = storable(written({"v": value}))

    assert (payload.decode(), note) == clean(dump_json({"v": value}))


def test_database_takes_what_was_cleaned(database: Database):
    value = {"a": "x\0y\ud83d", "b": "\\u0000", "c": "😀", "k\0": 1}

    payload, note = clean(dump_json(value))

    with database.read() as connection:
        stored = connection.execute(text("select cast(:p as jsonb)"), {"p": payload}).scalar_one()
    assert stored == {"a": "x\ufffdy\ufffd", "b": "\\u0000", "c": "😀", "k\ufffd": 1}
    assert note == "refused characters replaced"


def test_version_ignores_key_order_and_volatile_keys_only():
    record = {"a": 1, "b": {"c": 2}, "fee": "1"}

    assert version_hash(record, ["fee"]) == version_hash({"fee": "2", "b": {"c": 2}, "a": 1}, ["fee"])
    assert version_hash(record) != version_hash(record | {"fee": "2"})
    assert version_hash(record, ["fee"]) != version_hash({"a": 1, "b": {"c": 3}}, ["fee"])


def test_path_descends_and_tries_alternatives():
    value = {"a": {"b": 1, "n": None}, "c": 2}

    assert [at_path(value, p) for p in ("a.b", "a.x|c", "a.n", "c.d", "")] == [1, 2, None, None, value]


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a" :1,"a":2}',
        b'{"a":{"b":1},"c":[{"d":1,"d":1}]}',
        b'{"a":"\\u0022:","b":1,"b":1}',
        b'{"a":"\\":","b":1,"b":1}',
        b'{"a":1,"\\u0061":2}',
    ],
)
def test_repeated_key_is_refused_however_it_is_written(body: bytes):
    with pytest.raises(ContractError, match="not the documented JSON"):
        parse_json(body, "orders")


@pytest.mark.parametrize(
    "body",
    [b'{"a":"\\":b","c":1}', b'{"a" : "x :y"}', b'{"a":"\\u0022:"}', b"[1e5,-0.0,9999999999999999999999]"],
)
def test_both_parsers_read_the_same(body: bytes):
    assert parse_json(body, "orders") == json.loads(body)


@pytest.mark.parametrize(
    "phone",
    [
        "13812345670",
        "+8613812345670",
        "+86 138-1234-5670",
        "86-13812345670",
        "138 1234 5670",
        "１３８１２３４５６７０",
    ],
)
def test_what_others_say_is_quoted_without_phones_however_they_are_written(phone: str):
    said = quotable(f"收件人:{phone},不可达")
    kept = storable_answer({"said": [f"收件人:{phone}"]})

    assert ("138****5670" in said, "138****5670" in kept) == (True, True)


@pytest.mark.parametrize(
    "number", ["78500000000001", "8613812345678", "2160451543726114828", "1.13812345670"]
)
def test_numbers_of_parcels_and_orders_stay_as_they_are(number: str):
    assert number in quotable(f"运单号 {number} 不合规")
