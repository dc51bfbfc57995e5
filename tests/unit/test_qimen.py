"""The client of a WMS: signature, XML in and out, what an answer becomes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Self
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.clock import FixedClock
from orderhub.connections import Connection
from orderhub.errors import ConfigError, ContractError, TransientError
from orderhub.fulfillment.wms.qimen import Qimen, asks_for_patience, sign
from orderhub.fulfillment.wms.xml import read, text_at, write
from tests.builders import NOON

VECTOR = json.loads((Path(__file__).parents[1] / "sandbox/qimen_vector.json").read_text(encoding="utf-8"))
BOMB = b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><response><flag>&c;</flag></response>'


def test_the_signature_is_the_published_example():
    assert sign(VECTOR["query"], VECTOR["body"], VECTOR["secret"]) == VECTOR["sign"]


def test_the_sign_parameter_itself_is_not_signed():
    assert sign({**VECTOR["query"], "sign": "x"}, VECTOR["body"], VECTOR["secret"]) == VECTOR["sign"]


@given(st.text())
def test_any_text_arrives_as_it_was_but_for_what_xml_cannot_carry(text: str):
    address = f"]]></detailAddress><oaid>{text}"

    came = fromstring(write("request", {"detailAddress": address}))

    carried = "".join(
        c
        for c in address
        if c in "\t\n\r" or (" " <= c and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
    assert len(came) == 1
    assert came.findtext("detailAddress") == carried.replace("\r\n", "\n").replace("\r", "\n")


def test_a_list_becomes_repeated_elements_and_nothing_is_left_out_but_none():
    tree = {"orders": {"order": [{"code": "A"}, {"code": "B", "oaid": None}]}, "zero": 0}

    root = read(write("request", tree))

    assert [text_at(order, "code") for order in root.iterfind("orders/order")] == ["A", "B"]
    assert (root.find("orders/order/oaid"), text_at(root, "zero")) == (None, "0")


@pytest.mark.parametrize(
    "content", [b"", b"<a>", b"<a>&x;</a>", BOMB, b"<a>" * 40 + b"</a>" * 40, b"\xff\xfe"]
)
def test_an_answer_that_may_not_be_read_is_no_answer(content: bytes):
    with pytest.raises(ContractError):
        read(content)


@pytest.mark.parametrize("missing", ["host", "login", "password", "extra"])
def test_a_connection_that_lacks_something_is_refused_by_name(missing: str):
    whole = {"host": "h", "login": "k", "password": "s", "extra": {"customer_id": "c"}}

    with pytest.raises(ConfigError, match=r"host, login, password and extra\.customer_id"):
        Qimen(
            Connection.model_validate({key: value for key, value in whole.items() if key != missing}),
            FixedClock(NOON),
        )


@pytest.mark.parametrize(
    ("said", "is_patience"),
    [("SYSTEM_BUSY 系统繁忙", True), ("E9 请稍后再试", True), ("E1 商品编码不存在", False)],
)
def test_words_that_ask_to_come_back_are_told_from_others(said: str, *, is_patience: bool):
    assert asks_for_patience(said) is is_patience


class Dripping:
    """A body that never ends, a piece a second."""

    def __init__(self, clock: FixedClock, piece: bytes) -> None:
        self.clock, self.piece, self.pieces = clock, piece, 0

    def read1(self, _size: int, *, decode_content: bool) -> bytes:
        self.pieces += 1
        self.clock.move(timedelta(seconds=1))
        return self.piece


class Wire:
    """A session whose answers have such a body."""

    def __init__(self, raw: Dripping) -> None:
        self.raw, self.status_code = raw, 200

    def post(self, _address: str, **_request: object) -> "Wire":
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.mark.parametrize(
    ("piece", "pieces", "error"), [(b" ", 61, TransientError), (b" " * (1 << 20), 11, ContractError)]
)
def test_an_answer_that_never_ends_is_not_read_for_ever(piece: bytes, pieces: int, error: type[Exception]):
    clock = FixedClock(NOON)
    connection = {"host": "h", "login": "k", "password": "s", "extra": {"customer_id": "c", "timeout": 20}}
    wms = Qimen(Connection.model_validate(connection), clock)
    raw = Dripping(clock, piece)
    wms._session = Wire(raw)

    with pytest.raises(error):
        wms.call("deliveryorder.query", {})

    assert raw.pieces == pieces


def test_what_a_wms_says_is_quoted_in_one_short_line_without_phones():
    """It may know the receiver: it is handed the token, and some show whom they mean."""
    words = "无法识别 张三 13812345670\n" + "长" * 10_000
    body = write("response", {"flag": "failure", "code": "E1", "message": words})
    wms = Qimen(
        Connection.model_validate(
            {"host": "h", "login": "k", "password": "s", "extra": {"customer_id": "c"}}
        ),
        FixedClock(NOON),
    )

    said = wms._judged("order.cancel", body).message

    assert ("13812345670" in said, "\n" in said, len(said) <= 300) == (False, False, True)
