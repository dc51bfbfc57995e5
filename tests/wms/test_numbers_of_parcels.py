"""Tracking numbers as warehouses write them: in another width, as a list, or copied from another buyer's row."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.fulfillment.fates import Departure, end_as_left
from orderhub.fulfillment.wms.confirm import take_push
from orderhub.operate.verify import verify
from sandbox.wms.service import secret
from sandbox.wms.signature import sign
from tests.builders import NOON, rows
from tests.wms.conftest import House
from tests.wms.test_tracking_sheets import HEADER, SHIPMENTS, Yard

NUMBERS = "select fulfillment_order_id, tracking_number from core.shipments order by 1, 2"
DOUBTS = "select subject, reason, evidence ->> 'document' from core.shipment_doubts order by 1, 2"


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> Yard:
    return Yard(database, FixedClock(NOON), tmp_path)


def bought_by(database: Database, *buyers: str) -> None:
    """The orders, in their order, are of these buyers."""
    with database.engine.begin() as connection:
        orders = connection.execute(text("select order_id from core.orders order by 1")).scalars().all()
        for order_id, buyer in zip(orders, buyers, strict=True):
            connection.execute(
                text("update core.orders set customer_id = :buyer where order_id = :id"),
                {"buyer": buyer, "id": order_id},
            )


def push(house: House, code: str, number: str) -> None:
    """The WMS says of a document what it says, with `number` for that of its parcel."""
    query, body = house.wms.confirmation(code, house.clock.now())
    known = house.wms.ledger.find(code).parcels[0].express_code
    written = body.decode().replace(known, number).encode()
    signed = {name: value for name, value in query.items() if name != "sign"}
    signed["sign"] = sign(signed, written.decode(), secret(7))
    take_push(house.database, house.clock, house.account, signed, written)


def clean(database: Database) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(database) if r.violations]


def test_a_parcel_is_one_however_its_number_is_written(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    number = house.wms.ledger.parcels[0].express_code
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)

    push(house, "tb-1-1", f"{wide[:4]} {wide[4:]}")
    house.confirm()

    assert rows(house.database, NUMBERS) == [("tb/1@1", number)]
    assert rows(house.database, DOUBTS) == []
    assert clean(house.database) == []


def test_a_parcel_with_the_number_of_another_buyers_is_not_told_before_a_person_says_so(house: House):
    house.open(orders=2)
    bought_by(house.database, "b1", "b2")
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    push(house, "tb-1-1", "78500000000007")

    push(house, "tb-2-1", "78500000000007")
    doubts, sent = rows(house.database, DOUBTS), rows(house.database, NUMBERS)
    end_as_left(
        house.database, house.clock, "tb/2@1", Departure("ZTO", "78500000000007"), "clerk", "仓库一起装了"
    )

    assert (doubts, sent) == (
        [("tb-2-1", "number_of_another", "tb/1@1")], [("tb/1@1", "78500000000007")]
    )  # fmt: skip
    assert rows(house.database, NUMBERS) == [("tb/1@1", "78500000000007"), ("tb/2@1", "78500000000007")]
    assert clean(house.database) == []


def test_a_number_that_was_filled_down_a_column_is_told_to_one_buyer_only(yard: Yard):
    bought_by(yard.database, "b1", "b2")

    yard.drop(HEADER, ("693", "中通", "SF1"), ("694", "中通", "SF1"))
    yard.drop(HEADER, ("693", "中通", "SF1"), ("694", "中通", "SF2"), name="corrected.xlsx")

    assert rows(yard.database, DOUBTS) == [("694", "number_of_another", "tb/693@1")]
    assert [row[:3] for row in rows(yard.database, SHIPMENTS)] == [
        ("tb/693@1", "中通", "SF1"),
        ("tb/694@1", "中通", "SF2"),
    ]


def test_two_boxes_under_one_number_are_one_parcel_with_what_is_in_both(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.wms.ledger.ship("tb-1-1", house.clock.now(), {"MUG": 1})
    house.ship_all()
    boxes = house.wms.ledger.find("tb-1-1").parcels
    first = boxes[0]
    boxes[1] = replace(boxes[1], express_code=first.express_code)

    house.confirm()

    assert rows(house.database, NUMBERS) == [("tb/1@1", first.express_code)]
    inside = rows(house.database, "select sku_id, quantity from core.shipment_lines order by 1")
    assert inside == [("CUP", 1), ("MUG", 2)]
    assert rows(house.database, DOUBTS) == []
    assert clean(house.database) == []


def test_a_dash_for_a_number_is_none_unless_a_person_says_so(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()

    push(house, "tb-1-1", "-")

    assert rows(house.database, NUMBERS) == []
    assert rows(house.database, DOUBTS) == [("tb-1-1", "no_tracking_number", None)]


@pytest.mark.parametrize("buyers", [("b1", "b1"), (None, None), ("b1", None)])
def test_orders_that_a_warehouse_put_into_one_parcel_keep_its_number(yard: Yard, buyers: tuple[str, str]):
    bought_by(yard.database, *buyers)

    yard.drop(HEADER, ("693", "中通", "SF1"), ("694", "中通", "SF1"))

    assert (len(rows(yard.database, SHIPMENTS)), rows(yard.database, DOUBTS)) == (2, [])
