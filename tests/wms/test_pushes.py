"""A WMS that pushes what has left is answered in Qimen's words, so that it comes again with what was not taken."""

from typing import Any

import pytest

from orderhub.db.leases import hold_scope
from orderhub.fulfillment.wms.pushed import answer_push
from orderhub.fulfillment.wms.xml import read, text_at
from sandbox.wms.service import secret
from sandbox.wms.signature import sign
from tests.builders import rows
from tests.wms.conftest import House

STRANGER = ("failure", "sign-check-failure", "Illegal request")
SHIPPED = "select fulfillment_order_id, count(*) from core.shipments group by 1"


@pytest.fixture
def shipped(house: House) -> House:
    """One document, which its warehouse has shipped and nobody has asked about."""
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    return house


def pushed(house: House, warehouse_id: str = "hangzhou", **changed: str) -> tuple[str, ...]:
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())
    signed = {**query, **changed}
    signed["sign"] = changed.get("sign") or sign(signed, body.decode(), secret(7))
    return said(answer_push(house.database, house.clock, house.settings, warehouse_id, signed, body))


def said(answer: bytes) -> tuple[str, ...]:
    told = read(answer)
    return tuple(text_at(told, name) for name in ("flag", "code", "message"))


def test_what_is_pushed_is_recorded_once_however_often_it_comes(shipped: House):
    assert [pushed(shipped), pushed(shipped), shipped.confirm()[0].parcels] == [
        ("success", "0", ""), ("success", "0", ""), 0
    ]  # fmt: skip

    assert rows(shipped.database, SHIPPED) == [("tb/1@1", 1)]


@pytest.mark.parametrize(
    ("warehouse_id", "changed"),
    [
        ("hangzhou", {"sign": "0" * 32}),
        ("hangzhou", {"customerId": "another"}),
        ("hangzhou", {"timestamp": "2020-01-01 00:00:00"}),
        ("yiwu", {}),
        ("nowhere", {}),
    ],
)
def test_a_stranger_and_an_address_without_a_wms_get_the_same_answer(
    shipped: House, warehouse_id: str, changed: dict[str, str]
):
    assert pushed(shipped, warehouse_id, **changed) == STRANGER

    assert rows(shipped.database, SHIPPED) == []


def test_a_wms_that_is_being_asked_just_now_is_told_to_come_again(shipped: House):
    with hold_scope(shipped.database, "wms:hangzhou"):
        first = pushed(shipped)

    assert (first[:2], pushed(shipped)[:2]) == (("failure", "SYSTEM_BUSY"), ("success", "0"))


def test_another_message_of_the_same_wms_is_refused_by_name(shipped: House):
    flag, code, message = pushed(shipped, method="taobao.qimen.returnorder.confirm")

    assert (flag, code) == ("failure", "isv.invalid-parameter")
    assert "returnorder.confirm" in message
    assert rows(shipped.database, SHIPPED) == []


def test_the_gateways_name_before_the_method_may_be_missing(shipped: House):
    assert pushed(shipped, method="deliveryorder.confirm")[0] == "success"


def test_a_parcel_of_a_stranger_s_document_is_taken_as_a_doubt(shipped: House):
    """It is signed: the WMS did send it, and a person must look why."""
    query, body = shipped.wms.confirmation("tb-1-1", shipped.clock.now())
    body = body.replace(b"tb-1-1", b"tb-9-9")
    query["sign"] = sign(query, body.decode(), secret(7))
    given: Any = (shipped.database, shipped.clock, shipped.settings, "hangzhou", query, body)

    assert said(answer_push(*given))[0] == "success"

    assert rows(shipped.database, "select subject, reason from core.shipment_doubts") == [
        ("tb-9-9", "unknown_order")
    ]
