"""From a manifest to parcels, exactly once: whatever the WMS does, its own ledger decides."""

from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from orderhub.operate.verify import verify
from sandbox.wms.methods import Methods
from sandbox.wms.wire import answer
from tests.builders import rows
from tests.wms.conftest import House

ORDERED = {
    (f"tb-{number}-1", item): pieces for number in range(1, 5) for item, pieces in (("MUG", 2), ("CUP", 1))
}
CREATE, BATCH = "deliveryorder.create", "deliveryorder.batchcreate"
TROUBLE: dict[str, list[dict[str, Any]]] = {
    "well": [],
    "late": [{"kind": "late", "method": BATCH, "seconds": 1.0}],
    "not at all, and nothing taken": [{"kind": "silent", "method": BATCH, "times": 3}],
    "accepts and drops the connection": [{"kind": "drop", "method": BATCH}],
    "works on it after we asked and sent again": [{"kind": "later", "method": BATCH}],
    "twice": [{"kind": "twice", "method": BATCH}],
    "half a batch": [{"kind": "half", "method": BATCH}],
    "half a batch, and drops the connection": [{"kind": "half_drop", "method": BATCH}],
    "already exists": [{"kind": "exists", "method": BATCH}],
    "success with an error's code": [{"kind": "odd", "method": BATCH}],
    "failure with code 0": [{"kind": "odd", "method": BATCH, "flag": "failure", "code": "0"}],
    "a server's error": [{"kind": "status", "method": BATCH, "times": 2}],
    "busy": [{"kind": "busy", "method": BATCH}],
    "drops, and will not be asked": [
        {"kind": "drop", "method": BATCH},
        {"kind": "status", "method": "deliveryorder.query", "times": 2},
    ],
    "drops answer after answer": [{"kind": "drop", "times": 9}],
    "says every parcel twice": [{"kind": "repeat", "method": "deliveryorder.query", "times": 0}],
}


def settle(house: House) -> None:
    """Deliver, hold, ship and confirm as the days' runs would, until nothing is open."""
    for _ in range(8):
        house.deliver()
        house.clock.move(timedelta(minutes=31))
    house.wms.release(house.clock.now())
    house.ship_all()
    for _ in range(4):
        house.confirm()
        house.clock.move(timedelta(minutes=10))


@pytest.mark.parametrize("trouble", TROUBLE)
def test_every_line_ships_exactly_once_by_the_ledger_of_the_wms(house: House, trouble: str):
    house.open()
    house.plan(*TROUBLE[trouble])

    settle(house)

    assert dict(house.wms.ledger.shipped()) == ORDERED
    assert rows(house.database, "select state, count(*) from core.reservations group by state") == [
        ("posted", 8)
    ]
    assert rows(house.database, "select sku_id, on_hand, reserved from core.stock order by 1") == [
        ("CUP", 16, 0),
        ("MUG", 12, 0),
    ]
    assert rows(house.database, "select count(*) from core.shipments") == [(4,)]
    assert rows(house.database, "select * from core.shipment_doubts") == []
    assert [r.violations for r in verify(house.database) if r.violations] == []


def test_a_wms_without_batches_gets_one_document_at_a_time(house: House):
    house.open(batch_size=1)
    house.plan({"kind": "drop", "method": CREATE, "nth": 2}, {"kind": "exists", "method": CREATE, "nth": 3})

    settle(house)

    assert (house.wms.calls[CREATE], house.wms.calls[BATCH]) == (4, 0)
    assert dict(house.wms.ledger.shipped()) == ORDERED


def test_a_lost_answer_is_asked_for_and_never_sent_under_a_new_code(house: House):
    house.open()
    house.plan({"kind": "drop", "method": BATCH})

    first = house.deliver()
    house.clock.move(timedelta(minutes=5))
    second = house.deliver()

    assert (first.postponed, second.postponed) == (1, 0)
    assert (house.wms.calls[BATCH], house.wms.calls["deliveryorder.query"]) == (1, 4)
    assert rows(house.database, "select distinct state from core.delivery_orders") == [("accepted",)]


def test_a_wms_that_keeps_two_documents_of_one_code_is_caught_by_the_same_comparison(house: House):
    """The negative control: the ledger does show a line that ships twice."""
    house.open()
    house.wms.ledger.dedupes = False
    house.plan({"kind": "twice", "method": BATCH})

    settle(house)

    assert dict(house.wms.ledger.shipped()) == {key: 2 * pieces for key, pieces in ORDERED.items()}


def test_what_the_wms_refuses_for_good_waits_for_a_person_and_the_rest_ships(house: House):
    house.open()
    del house.wms.ledger.stock["HZ01", "CUP"]
    house.wms.ledger.put("HZ01", "CUP", 2)

    settle(house)

    assert rows(
        house.database, "select state, count(*), min(answer) from core.delivery_orders group by 1 order by 1"
    ) == [
        ("refused", 2, "STOCK_SHORTAGE:库存不足: CUP 需 1 有 0"),
        ("shipped", 2, None),
    ]
    assert [r.violations for r in verify(house.database) if r.violations] == []


def test_documents_that_fall_with_another_of_their_batch_are_handed_over_without_it(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    """Some take a batch as a whole, and say which document they do not want."""
    take = Methods.create_many

    def all_or_none(methods: Methods, request: Element, now: datetime) -> bytes:
        if any(one.text == "tb-2-1" for one in request.iter("deliveryOrderCode")):
            odd = {"deliveryOrderCode": "tb-2-1", "message": "E1:收货地址不支持"}
            return answer("failure", "BATCH_FAILED", "", {"orders": {"order": [odd]}})
        return take(methods, request, now)

    monkeypatch.setattr(Methods, "create_many", all_or_none)
    house.open()

    settle(house)

    assert rows(
        house.database, "select state, count(*), min(answer) from core.delivery_orders group by 1 order by 1"
    ) == [("refused", 1, "E1:收货地址不支持"), ("shipped", 3, None)]


def test_a_partial_parcel_is_recorded_and_the_reservation_posted_when_the_rest_has_left(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.ship("tb-1-1", house.clock.now(), {"MUG": 1})
    house.confirm()
    partly = rows(house.database, "select on_hand, reserved from core.stock where sku_id = 'MUG'")
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.ship("tb-1-1", house.clock.now())
    house.confirm()

    assert partly == [(20, 2)]
    assert rows(house.database, "select on_hand, reserved from core.stock where sku_id = 'MUG'") == [(18, 0)]
    assert rows(house.database, "select count(*), sum(quantity) from core.shipment_lines") == [(3, 3)]
    assert rows(house.database, "select state from core.fulfillment_orders") == [("shipped",)]


def test_no_plain_receiver_reaches_the_outbox_and_a_token_shop_sends_region_and_token_only(house: House):
    house.open(orders=1)
    house.deliver()

    outbox = str(rows(house.database, "select payload::text from ops.outbox where target = 'wms:hangzhou'"))
    assert not [word for word in ("文三路", "138", "张", "OAID-1") if word in outbox]


def test_the_chosen_carrier_is_the_documents_logistics_code(house: House):
    carriers = "carriers:\n  - {id: sf, name: 顺丰, codes: {wms: SFX}}\n  - {id: old, name: 旧}\n"
    house.open(orders=1, more={"carriers.yaml": carriers})

    house.deliver()

    [[document]] = house.wms.ledger.documents.values()
    assert "SFX" == document.logistics_code
