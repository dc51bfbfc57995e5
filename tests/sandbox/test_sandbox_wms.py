"""The sandbox's WMS: Qimen's signature and requirements, its ledger, its faults."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sandbox.gateway.text import beijing
from sandbox.gateway.wire import Incoming, Reply
from sandbox.wms.faults import Fault
from sandbox.wms.routes import WmsRoutes, section, truth
from sandbox.wms.service import PATH, Wms, app_key, customer, secret
from sandbox.wms.signature import sign
from sandbox.wms.wire import read, text_of
from tests.sandbox.conftest import STARTED_AT

VECTOR = json.loads((Path(__file__).parent / "qimen_vector.json").read_text(encoding="utf-8"))
NOW = STARTED_AT
RECEIVER = "<name>*</name><mobile>*</mobile><province>浙江省</province><city>杭州市</city><detailAddress>*</detailAddress>"


def order(code: str = "DO1", item: str = "MUG", quantity: int = 2, total: str = "10.00") -> str:
    return (
        f"<deliveryOrder><deliveryOrderCode>{code}</deliveryOrderCode><orderType>JYCK</orderType>"
        "<warehouseCode>HZ01</warehouseCode><createTime>2026-11-23 12:00:00</createTime>"
        "<placeOrderTime>2026-11-23 12:00:00</placeOrderTime><operateTime>2026-11-23 12:00:00</operateTime>"
        f"<shopNick>店</shopNick><totalAmount>{total}</totalAmount><itemAmount>10.00</itemAmount>"
        "<gotAmount>10.00</gotAmount><logisticsCode>ZTO</logisticsCode>"
        f"<senderInfo>{RECEIVER}</senderInfo><receiverInfo>{RECEIVER}</receiverInfo></deliveryOrder>"
        f"<orderLines><orderLine><orderLineNo>1</orderLineNo><ownerCode>JYS</ownerCode><itemCode>{item}</itemCode>"
        f"<planQty>{quantity}</planQty><actualPrice>5.00</actualPrice></orderLine></orderLines>"
    )


def call(wms: Wms, method: str, body: str, now: datetime = NOW, **changes: str) -> Reply:
    content = f"<request>{body}</request>"
    query = {
        "method": method, "timestamp": beijing(now), "format": "xml", "app_key": app_key(7), "v": "2.0",
        "sign_method": "md5", "customerId": customer(7),
    }  # fmt: skip
    query = {**query, "sign": sign(query, content, secret(7)), **changes}
    return wms.answer(Incoming(PATH, "POST", query, {}, content.encode()), NOW)


def said(reply: Reply) -> tuple[str, str]:
    root = read(reply.content)
    return text_of(root, "flag"), text_of(root, "code")


@pytest.fixture
def wms() -> Wms:
    made = Wms(7)
    made.ledger.put("HZ01", "MUG", 5)
    return made


def test_the_signature_is_the_published_example():
    assert sign(VECTOR["query"], VECTOR["body"], VECTOR["secret"]) == VECTOR["sign"]


@pytest.mark.parametrize("changes", [{"sign": "0"}, {"app_key": "1"}, {"customerId": "c0"}, {"v": "3.0"}])
def test_one_changed_parameter_breaks_the_signature(wms: Wms, changes: dict[str, str]):
    assert said(call(wms, "deliveryorder.create", order(), **changes)) == ("failure", "sign-check-failure")


def test_an_old_timestamp_is_refused(wms: Wms):
    reply = call(wms, "deliveryorder.create", order(), now=NOW - timedelta(minutes=11))

    assert said(reply) == ("failure", "isv.timestamp-expired")


def test_an_accepted_order_locks_its_pieces_and_a_second_one_is_known_already(wms: Wms):
    first = call(wms, "taobao.qimen.deliveryorder.create", order())
    second = call(wms, "deliveryorder.create", order())

    assert (said(first), said(second)) == (("success", "0"), ("failure", "DUPLICATE_ORDER"))
    assert (wms.ledger.stock["HZ01", "MUG"].free, wms.ledger.stock["HZ01", "MUG"].locked) == (3, 2)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (order(item="CUP"), "ITEM_NOT_FOUND"),
        (order(quantity=6), "STOCK_SHORTAGE"),
        (order(total="11.00"), "isv.invalid-parameter"),
        (order().replace("<shopNick>店</shopNick>", ""), "isv.missing-parameter"),
        (order().replace("HZ01", "XX"), "WAREHOUSE_NOT_FOUND"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(wms: Wms, body: str, code: str):
    assert said(call(wms, "deliveryorder.create", body)) == ("failure", code)


def test_an_answer_that_lists_parcels_twice_never_agrees_to_a_cancel(wms: Wms):
    call(wms, "deliveryorder.create", order())
    wms.ledger.find("DO1").status = "PICK"
    wms.faults = [Fault.of({"kind": "repeat"})]

    reply = call(wms, "order.cancel", "<warehouseCode>HZ01</warehouseCode><orderCode>DO1</orderCode>")

    assert (said(reply)[0], wms.ledger.find("DO1").status) == ("failure", "PICK")


def test_a_document_type_is_refused(wms: Wms):
    content = '<!DOCTYPE x [<!ENTITY a "b">]><request/>'
    query = {
        "method": "order.cancel",
        "timestamp": beijing(NOW),
        "format": "xml",
        "app_key": app_key(7),
        "customerId": customer(7),
    }
    query["sign"] = sign(query, content, secret(7))

    assert said(wms.answer(Incoming(PATH, "POST", query, {}, content.encode()), NOW)) == (
        "failure",
        "isv.invalid-xml",
    )


def test_a_batch_lists_only_what_was_not_taken(wms: Wms):
    body = f"<orders><order>{order('A')}</order><order>{order('B', 'CUP')}</order></orders>"

    reply = call(wms, "deliveryorder.batchcreate", body)

    refused = [text_of(one, "deliveryOrderCode") for one in read(reply.content).findall("orders/order")]
    assert (said(reply), refused, list(wms.ledger.documents)) == (("success", "0"), ["B"], ["A"])


def test_an_order_is_cancelled_until_it_is_picked(wms: Wms):
    call(wms, "deliveryorder.create", order("A"))
    call(wms, "deliveryorder.create", order("B"))
    wms.ledger.find("B").status = "PICK"

    answers = [
        said(call(wms, "order.cancel", f"<orderCode>{code}</orderCode>")) for code in ("A", "A", "B", "C")
    ]

    assert answers == [
        ("success", "0"),
        ("success", "0"),
        ("failure", "ORDER_ALREADY_SHIPPED"),
        ("failure", "ORDER_NOT_FOUND"),
    ]
    assert wms.ledger.stock["HZ01", "MUG"].locked == 2


def test_a_partial_shipment_is_shown_until_the_rest_has_left(wms: Wms):
    call(wms, "deliveryorder.create", order("A"))
    wms.ledger.ship("A", NOW, {"MUG": 1})
    partly = read(call(wms, "deliveryorder.query", "<orderCode>A</orderCode>").content)
    wms.ledger.ship("A", NOW)
    whole = read(call(wms, "deliveryorder.query", "<orderCode>A</orderCode>").content)

    assert [
        (
            text_of(r, "deliveryOrder/status"),
            text_of(r, "deliveryOrder/confirmType"),
            len(r.findall("packages/package")),
        )
        for r in (partly, whole)
    ] == [
        ("PARTDELIVERED", "1", 1),
        ("DELIVERED", "0", 2),
    ]
    assert wms.ledger.shipped() == {("A", "MUG"): 2}


def test_stock_is_shown_free_and_locked_and_defects_apart(wms: Wms):
    call(wms, "deliveryorder.create", order())
    wms.ledger.grade_return("HZ01", "MUG", good=1, defective=3)
    asked = "".join(
        f"<criteria><warehouseCode>HZ01</warehouseCode><itemCode>{i}</itemCode></criteria>"
        for i in ("MUG", "CUP")
    )

    items = read(call(wms, "inventory.query", f"<criteriaList>{asked}</criteriaList>").content).findall(
        "items/item"
    )

    assert [
        [text_of(i, n) for n in ("itemCode", "inventoryType", "quantity", "lockQuantity")] for i in items
    ] == [
        ["MUG", "ZP", "4", "2"],
        ["MUG", "CC", "3", "0"],
    ]


@pytest.mark.parametrize(
    ("kind", "answered", "documents"),
    [
        ("silent", "cut", 0),
        ("drop", "cut", 1),
        ("later", "cut", 0),
        ("busy", "SYSTEM_BUSY", 0),
        ("twice", "DUPLICATE_ORDER", 1),
        ("exists", "DUPLICATE_ORDER", 1),
        ("odd", "E500", 1),
        ("late", "0", 1),
    ],
)
def test_each_fault_does_what_it_says_once(wms: Wms, kind: str, answered: str, documents: int):
    wms.faults = [Fault.of({"kind": kind})]

    reply = call(wms, "deliveryorder.create", order())

    assert ("cut" if reply.cut else said(reply)[1], len(wms.ledger.documents)) == (answered, documents)


def test_a_held_request_is_worked_on_when_it_is_released(wms: Wms):
    wms.faults = [Fault.of({"kind": "later"})]
    call(wms, "deliveryorder.create", order())

    assert (wms.release(NOW), list(wms.ledger.documents)) == (1, ["DO1"])


def test_half_a_batch_is_taken(wms: Wms):
    wms.faults = [Fault.of({"kind": "half"})]
    body = f"<orders><order>{order('A')}</order><order>{order('B')}</order></orders>"

    reply = call(wms, "deliveryorder.batchcreate", body)

    assert (said(reply), list(wms.ledger.documents)) == (("success", "0"), ["A"])


def test_an_unknown_fault_is_refused():
    with pytest.raises(ValueError, match="known: late, silent"):
        Fault.of({"kind": "nonsense"})


def test_people_can_ship_and_see_it_on_the_page(wms: Wms):
    call(wms, "deliveryorder.create", order())
    doors = WmsRoutes(wms, lambda: NOW)

    told = doors.drive({"ship": "all", "grade": [["HZ01", "MUG", 1, 0]], "faults": [{"kind": "busy"}]})

    assert (told["shipped"], truth(wms)["parcels"][0]["items"]) == (["78500000000001"], {"MUG": 2})
    assert "DELIVERED 1" in section(wms)


def test_a_push_is_signed_as_the_hub_would_verify_it(wms: Wms):
    call(wms, "deliveryorder.create", order())
    wms.ledger.ship("DO1", NOW)

    query, body = wms.confirmation("DO1", NOW)

    assert sign(query, body.decode(), secret(7)) == query["sign"]
