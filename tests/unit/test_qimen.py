"""The client of a WMS: signature, XML in and out, what an answer becomes."""

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.clock import FixedClock
from orderhub.connections import Connection
from orderhub.errors import ConfigError, ContractError
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
