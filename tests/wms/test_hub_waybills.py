"""A warehouse whose WMS gets its numbers from the hub: each document waits for its own waybill, once each."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.fulfillment.wms.confirm import take_push
from sandbox.waybill.ledger import Fault
from sandbox.wms.service import secret
from sandbox.wms.signature import sign
from tests.builders import Line, Order, activate, put, rows, stock
from tests.waybill.conftest import CARRIERS
from tests.wms.conftest import HOUSES, House

HUB = HOUSES.replace("owner_code: JYS", "owner_code: JYS\n      waybills: hub").replace(
    '义乌保税仓, cutoffs: ["10:00"]',
    "义乌保税仓, sender: {{name: 义乌仓, phone: 0579-88880000, province: 浙江省, city: 金华市, address: 示例路2号}}",
)


#: Names of the receiver that are only compared, and by which orders are merged.
OWN_SHOP = ("mp", "miniprogram")
LABELLED = CARRIERS.format(service="cainiao").replace("{taobao: TB}", "{taobao: TB, miniprogram: OTHERS}")


def open_house(house: House, orders: int, *changes: str, others: tuple[Order, ...] = ()) -> None:
    """Close a manifest of `orders`, of which the first is paid at the door; `changes` come before it."""
    with house.database.engine.begin() as connection:
        more = {"carriers.yaml": LABELLED}
        houses = HUB.format(batch_size=50)
        house.config = activate(connection, warehouses=houses, more=more, others=[OWN_SHOP])
        stock(connection, hangzhou__MUG=100)
        put(
            connection, *(Order(str(number), (Line(quantity=2),)) for number in range(1, orders + 1)), *others
        )
        for statement in (
            "update core.receivers set token = '1oaid' || order_id",
            "update core.orders set payment_state = 'cod_accepted' where order_id = 'tb/1'",
            "update core.orders set paid_fen = 22800",
            "update core.order_lines set paid_fen = 22800",
            *changes,
        ):
            connection.execute(text(statement))
    house.wms.ledger.put("HZ01", "MUG", 100)
    house.close()


def deliver(house: House, times: int = 1) -> None:
    for _ in range(times):
        house.deliver()
        house.clock.move(timedelta(minutes=31))


def numbers_at_the_wms(house: House) -> dict[str, str]:
    documents = house.wms.ledger.documents
    return {code: one.express_code for code, found in sorted(documents.items()) for one in found}


def labels(house: House) -> dict[str, str]:
    return {label.object_id: label.number for label in house.labels.ledger.labels if not label.is_void}


def break_labels(house: House, *faults: dict[str, Any]) -> None:
    house.labels.faults = [Fault.of(fault) for fault in faults]


def test_a_number_goes_with_its_document_and_comes_back_with_its_parcel(house: House):
    open_house(house, 3)

    deliver(house)
    house.ship_all()
    house.confirm()

    assert numbers_at_the_wms(house) == labels(house)
    assert [label.cod for label in house.labels.ledger.labels] == ["228.00", "", ""]
    confirmed = rows(house.database, "select tracking_number from core.shipments order by 1")
    assert confirmed == [(number,) for number in sorted(labels(house).values())]


def test_a_parcel_that_left_by_another_label_is_told_once(house: House):
    """The hub's label is paid for, and what it was to collect at the door is collected by nobody."""
    open_house(house, 2)
    deliver(house)
    house.ship_all()
    number = house.labels.ledger.labels[0].number
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())
    changed = body.decode().replace(number, "SF1234567890123").replace("ZTO", "SF").encode()
    signed = {name: value for name, value in query.items() if name != "sign"}
    signed["sign"] = sign(signed, changed.decode(), secret(7))

    for _ in range(2):
        take_push(house.database, house.clock, house.account, signed, changed)

    assert rows(house.database, "select subject, reason, evidence from core.shipment_doubts") == [
        ("tb-1-1", "another_label", {"label": f"zto {number}", "left_by": "SF1234567890123"})
    ]
    assert rows(house.database, "select fulfillment_order_id, carrier_code from core.shipments") == [
        ("tb/1@1", "SF")
    ]


def test_a_document_waits_for_its_own_waybill_and_the_manifest_does_not(house: House):
    open_house(house, 12)
    break_labels(house, {"kind": "silent", "method": "cainiao.waybill.ii.get", "nth": 2})

    deliver(house)
    first = numbers_at_the_wms(house)
    look_around(house.database, house.clock, house.active)
    late = rows(
        house.database,
        "select subject, text_en like '2 documents%' from ops.alerts where rule_id = 'waybill_late'",
    )
    deliver(house, 4)
    look_around(house.database, house.clock, house.active)

    assert (len(first), "tb-8-1" in first, "tb-9-1" in first) == (10, False, False)
    assert late == [("hangzhou:zto", True)]
    assert (len(labels(house)), numbers_at_the_wms(house)) == (12, labels(house))
    assert (
        rows(
            house.database,
            "select rule_id from ops.alerts where closed_at is null and rule_id <> 'stale_stock'",
        )
        == []
    )


@pytest.mark.parametrize("trouble", ["drop", "twice"])
def test_every_document_and_every_number_is_one_whoever_loses_the_answer(house: House, trouble: str):
    open_house(house, 12)
    break_labels(house, {"kind": trouble, "method": "cainiao.waybill.ii.get"})
    house.plan({"kind": trouble, "method": "deliveryorder.batchcreate"})

    deliver(house, 6)

    held = {code: len(found) for code, found in house.wms.ledger.documents.items()}
    assert held == dict.fromkeys(labels(house), 1)
    assert numbers_at_the_wms(house) == labels(house)
    assert rows(house.database, "select distinct state from core.delivery_orders") == [("accepted",)]


def test_a_waybill_that_is_refused_is_told_and_its_document_leaves_without_a_number(house: House):
    open_house(
        house,
        4,
        "update core.receivers set town = '不存在街道' where order_id = 'tb/2'",
        "update core.receivers set token = null where order_id = 'tb/3'",
    )

    deliver(house, 2)

    assert numbers_at_the_wms(house) == {"tb-2-1": "", "tb-3-1": ""} | labels(house)
    told = rows(house.database, "select subject from ops.alerts where rule_id = 'waybill_refused' order by 1")
    assert told == [("tb/2@1",), ("tb/3@1",)]


def test_a_document_that_is_called_back_frees_its_number_wherever_it_stands(house: House):
    open_house(house, 2)
    break_labels(house, {"kind": "silent", "method": "cainiao.waybill.ii.get"})
    deliver(house)
    with house.database.engine.begin() as connection:
        connection.execute(
            text("update core.orders set gate = 'stop', status = 'closed' where order_id = 'tb/1'")
        )

    for _ in range(4):
        house.close()
        deliver(house)

    standing = {code: found[0].status for code, found in house.wms.ledger.documents.items()}
    assert {code for code, status in standing.items() if status != "CANCELED"} == {"tb-2-1"}
    assert labels(house).keys() == {"tb-2-1"}
    assert rows(house.database, "select fulfillment_order_id, state from core.waybills order by 1") == [
        ("tb/1@1", "void"),
        ("tb/2@1", "got"),
    ]


def test_orders_that_leave_in_one_parcel_share_its_number(house: House):
    shop_id, platform = OWN_SHOP
    orders = [Order(number, (Line(),), shop_id, platform, customer_id="ann") for number in ("1", "2")]
    same_receiver = "update core.receivers set address_hash = 'A', phone_hash = 'P'"
    open_house(house, 0, same_receiver, others=tuple(orders))

    deliver(house)
    house.ship_all()
    house.confirm()

    assert numbers_at_the_wms(house) == labels(house)
    assert labels(house).keys() == {"mp-1-1"}
    documents = rows(
        house.database, "select fulfillment_order_id, state from core.delivery_orders order by 1"
    )
    assert documents == [("mp/1@1", "shipped"), ("mp/2@1", "shipped")]


#: Orders 1 to 3 leave in one parcel, of which the first two are paid at the door.
TOGETHER = """
    update core.receivers set token = '1oaid' || order_id;
    update core.order_lines set paid_fen = 22800;
    update core.orders set payment_state = 'cod_accepted', paid_fen = 23400, freight_fen = 600
    where order_id in ('tb/1', 'tb/2');
    insert into core.merge_decisions (fulfillment_order_id, manifest_id, parcel_id, reason, decided_at)
    select id, 'hangzhou/20261123T040100Z', 'tb/1@1', 'same_receiver', now()
    from unnest(array['tb/1@1', 'tb/2@1', 'tb/3@1']) as m (id)"""


def test_one_parcel_collects_for_all_its_orders_that_are_paid_at_the_door(house: House):
    open_house(house, 0)
    with house.database.engine.begin() as connection:
        put(connection, *(Order(number, (Line(quantity=2),)) for number in ("1", "2", "3")))
        for statement in TOGETHER.split(";"):
            connection.execute(text(statement))
    house.clock.move(timedelta(minutes=1))
    house.close()

    deliver(house)

    [label] = house.labels.ledger.labels
    [(document,)] = house.wms.ledger.documents.values()
    assert (label.object_id, label.cod, document.due) == ("tb-1-1", "468.00", "468.00")


def test_a_wms_that_takes_its_own_numbers_waits_for_nobody(house: House):
    house.open(
        2,
        more={"carriers.yaml": CARRIERS.format(service="cainiao")},
        houses=HUB.replace("waybills: hub", "waybills: wms"),
    )

    deliver(house)

    assert (numbers_at_the_wms(house), labels(house)) == ({"tb-1-1": "", "tb-2-1": ""}, {})
