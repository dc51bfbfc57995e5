"""合单: orders of one buyer to one receiver are one delivery order at the WMS, one parcel, and a number for each platform order."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.fulfillment.fates import Departure, end_as_left, end_as_stayed
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from tests.builders import Line, Order, activate, put, rows, stock
from tests.wms.conftest import HOUSES, House

DOCUMENTS = "select fulfillment_order_id, state, cancel_reason from core.fulfillment_orders order by 1"
SHIPMENTS = (
    "select l.fulfillment_order_id, s.tracking_number, l.sku_id, l.quantity from core.shipment_lines as l "
    "join core.shipments as s using (shipment_id) order by 1, 3"
)
TOLD = "select order_id, shipment_id from core.tracking_writes order by 1"
REFUND = """
    insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, kind, state, is_terminal, version_id,
        merge_key, mapping_version, _load_id, _pass_id, _seen_at)
    values ('r', 'miniprogram', 'mp', 'r', 'mp/1', 'refund', 'refunded', true, 'v', 'k', 'm', 1, 1, now())"""


@pytest.fixture
def merged(house: House) -> House:
    """Two orders of one buyer, whose lines have the same ids, and one of a stranger; all at the WMS."""
    with house.database.engine.begin() as connection:
        house.config = activate(
            connection, warehouses=HOUSES.format(batch_size=50), others=(("mp", "miniprogram"),)
        )
        stock(connection, hangzhou__MUG=20, hangzhou__CUP=20)
        orders = [
            Order(number, lines, "mp", "miniprogram", customer_id=buyer)
            for number, lines, buyer in (
                ("1", (Line(quantity=2), Line("CUP")), "ann"),
                ("2", (Line(quantity=1),), "ann"),
                ("3", (Line(quantity=1),), "bob"),
            )
        ]
        put(connection, *orders)
        connection.execute(text("update core.receivers set address_hash = 'A', phone_hash = 'P'"))
    for item in ("MUG", "CUP"):
        house.wms.ledger.put("HZ01", item, 20)
    house.close()
    house.deliver()
    return house


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def codes(house: House) -> dict[str, dict[str, tuple[str, int]]]:
    return {code: dict(held[0].lines) for code, held in sorted(house.wms.ledger.documents.items())}


def test_two_orders_are_one_delivery_order_one_parcel_and_two_numbers_told(merged: House):
    merged.ship_all()
    merged.confirm()
    again = merged.confirm()

    assert codes(merged) == {
        "mp-1-1": {"1": ("MUG", 2), "2": ("CUP", 1), "3": ("MUG", 1)},
        "mp-3-1": {"1": ("MUG", 1)},
    }
    assert rows(merged.database, SHIPMENTS) == [
        ("mp/1@1", "78500000000001", "CUP", 1),
        ("mp/1@1", "78500000000001", "MUG", 2),
        ("mp/2@1", "78500000000001", "MUG", 1),
        ("mp/3@1", "78500000000002", "MUG", 1),
    ]
    assert rows(merged.database, TOLD) == [
        ("mp/1", "mp/1@1#78500000000001"),
        ("mp/2", "mp/2@1#78500000000001"),
        ("mp/3", "mp/3@1#78500000000002"),
    ]
    assert [state for _, state, _ in rows(merged.database, DOCUMENTS)] == ["shipped"] * 3
    assert ([one.parcels for one in again], clean(merged)) == ([0], [])


def test_a_stranger_in_the_parcel_is_found_by_verify(merged: House):
    """The negative control of every `clean`: orders of two buyers in one parcel do not pass."""
    with merged.database.engine.begin() as connection:
        connection.execute(text("update core.orders set customer_id = 'eve' where order_id = 'mp/2'"))

    assert clean(merged) == [("mp/1@1: is one parcel for 2 buyers from 1 warehouses",)]


def test_a_parcel_that_leaves_in_two_tells_each_order_what_it_holds(merged: House):
    merged.wms.ledger.ship("mp-1-1", merged.clock.now(), {"MUG": 2})
    merged.confirm()
    first = rows(merged.database, SHIPMENTS)
    merged.ship_all()
    merged.confirm()

    assert first == [("mp/1@1", "78500000000001", "MUG", 2)]
    assert rows(merged.database, SHIPMENTS) == [
        ("mp/1@1", "78500000000002", "CUP", 1),
        ("mp/1@1", "78500000000001", "MUG", 2),
        ("mp/2@1", "78500000000002", "MUG", 1),
        ("mp/3@1", "78500000000003", "MUG", 1),
    ]
    assert clean(merged) == []


def test_one_of_them_refunded_gives_the_parcel_back_and_the_other_ships_alone(merged: House):
    with merged.database.engine.begin() as connection:
        connection.execute(text(REFUND))
    run_fulfillment(merged.database, merged.clock, merged.active)
    look_around(merged.database, merged.clock, merged.active)
    asked = rows(
        merged.database,
        "select subject from ops.alerts where rule_id = 'recall_requested' and closed_at is null",
    )

    merged.clock.move(timedelta(minutes=5))
    merged.deliver()
    merged.close()
    merged.deliver()
    merged.ship_all()
    merged.confirm()

    assert asked == [("mp/1@1",)]
    assert rows(merged.database, DOCUMENTS) == [
        ("mp/1@1", "cancelled", "line_stopped"),
        ("mp/2@1", "cancelled", "parcel_recalled"),
        ("mp/2@2", "shipped", None),
        ("mp/3@1", "shipped", None),
    ]
    assert dict(merged.wms.ledger.shipped()) == {("mp-2-2", "MUG"): 1, ("mp-3-1", "MUG"): 1}
    assert [order for order, _ in rows(merged.database, TOLD)] == ["mp/2", "mp/3"]
    assert clean(merged) == []


def test_a_parcel_that_is_packed_already_goes_and_only_the_refunded_order_is_an_alert(merged: House):
    merged.wms.ledger.find("mp-1-1").status = "PICK"
    with merged.database.engine.begin() as connection:
        connection.execute(text(REFUND))
    run_fulfillment(merged.database, merged.clock, merged.active)
    merged.deliver()
    look_around(merged.database, merged.clock, merged.active)

    assert rows(
        merged.database, "select fulfillment_order_id, recall from core.delivery_orders order by 1"
    ) == [("mp/1@1", "refused"), ("mp/2@1", None), ("mp/3@1", None)]
    assert rows(merged.database, "select subject from ops.alerts where rule_id = 'wms_recall_refused'") == [
        ("mp/1@1",)
    ]


def test_explain_says_with_whom_an_order_left_and_why(merged: House):
    told = {
        order: [step.text for step in explain(merged.database, order).steps if step.what == "merged"]
        for order in ("mp/2", "mp/3")
    }

    assert told == {
        "mp/2": ["与 mp/1@1 合成一个包裹 mp/1@1:同一买家、同一收件人"],
        "mp/3": [],
    }


@pytest.mark.parametrize("has_left", [True, False])
def test_a_person_says_of_a_whole_parcel_that_it_left_or_stayed(merged: House, *, has_left: bool):
    merged.wms.ledger.find("mp-1-1").status = "PICK"
    with merged.database.engine.begin() as connection:
        connection.execute(text(REFUND))
    run_fulfillment(merged.database, merged.clock, merged.active)
    merged.deliver()

    if has_left:
        end_as_left(merged.database, merged.clock, "mp/1@1", Departure("ZTO", "N1"), "clerk", "已交中通")
    else:
        end_as_stayed(merged.database, merged.clock, "mp/1@1", "clerk", "还在架上")

    assert rows(merged.database, DOCUMENTS)[:2] == (
        [("mp/1@1", "shipped", None), ("mp/2@1", "shipped", None)]
        if has_left
        else [("mp/1@1", "cancelled", "line_stopped"), ("mp/2@1", "cancelled", "parcel_recalled")]
    )
    assert [order for order, _ in rows(merged.database, TOLD)] == (["mp/1", "mp/2"] if has_left else [])
    assert rows(
        merged.database, "select subject_id from ops.audit where subject_type = 'fulfillment_order'"
    ) == [
        ("mp/1@1",),
        ("mp/2@1",),
    ]
    assert clean(merged) == []
