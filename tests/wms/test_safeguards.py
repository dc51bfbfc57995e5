"""What each safeguard between the hub and its warehouses is for: taken away, one of these fails."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock_sync import take_reading
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.wms.returns import ask_open_returns
from orderhub.fulfillment.wms.stock import read_stock
from orderhub.operate.verify import verify
from sandbox.wms.ledger import Ledger
from tests.builders import Line, Order, put, rows
from tests.waybill.conftest import Desk, desk  # noqa: F401 - a fixture
from tests.wms import test_returns as returns
from tests.wms.conftest import House
from tests.wms.test_recall_and_reports import DOUBTS, stop

BATCH, CANCEL = "deliveryorder.batchcreate", "order.cancel"
MUGS = "select on_hand, reserved from core.stock where (warehouse_id, sku_id) = ('hangzhou', 'MUG')"


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def test_a_call_that_was_under_way_when_its_document_was_called_back_is_noticed(house: House):
    """Nobody had it when it was called back, so that it counted as given back; then the late call made it."""
    house.open(orders=1)
    house.plan({"kind": "later", "method": BATCH, "times": 9})
    house.deliver()
    stop(house)
    house.clock.move(timedelta(minutes=1))
    with house.database.engine.begin() as connection:
        connection.execute(text("update ops.outbox set state = 'failed' where outbox_id like 'wms:create:%'"))
    house.plan()
    house.deliver()
    given_back = rows(house.database, "select state, recall from core.delivery_orders")

    house.clock.move(timedelta(hours=2))
    house.wms.release(house.clock.now())
    house.ship_all()
    house.confirm()

    assert given_back == [("cancelled", "agreed")]
    assert rows(house.database, DOUBTS) == [("tb-1-1", "shipped_after_cancel")]


def test_a_return_that_came_after_the_as_of_is_added_again(house: House):
    returns.shipped(house)
    returns.after_sale(house)
    house.deliver()
    reading = read_stock(house.database, house.clock, house.account)
    returns.came(house, 2)
    ask_open_returns(house.database, house.clock, house.account)
    house.clock.move(timedelta(minutes=1))

    take_reading(house.database, house.clock, house.active, reading)
    then = rows(house.database, MUGS)
    sync_stock(house.database, house.clock, house.settings, house.active)

    assert (then, rows(house.database, MUGS)) == ([(20, 0)], [(20, 0)])
    assert clean(house) == []


def test_parcels_that_nobody_could_be_asked_about_take_no_promise_from_others(house: House):
    """Their pieces are gone from the figure, and nobody knows yet that they have left."""
    house.open(orders=4)
    with house.database.engine.begin() as connection:
        put(connection, Order("later", (Line(quantity=2),)))
    run_fulfillment(house.database, house.clock, house.active)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.ship_all()
    house.wms.ledger.put("HZ01", "MUG", 2)
    house.plan({"kind": "status", "method": "deliveryorder.query", "times": 3})
    house.clock.move(timedelta(minutes=5))

    sync_stock(house.database, house.clock, house.settings, house.active)
    look_around(house.database, house.clock, house.active)

    assert rows(house.database, "select state from core.fulfillment_orders where order_id = 'tb/later'") == [
        ("allocated",)
    ]
    assert rows(house.database, "select rule_id from ops.alerts where rule_id = 'stock_below_promised'") == []
    house.confirm()
    house.clock.move(timedelta(minutes=5))
    sync_stock(house.database, house.clock, house.settings, house.active)
    assert rows(house.database, MUGS) == [(2, 2)]
    assert clean(house) == []


def test_a_wms_that_agrees_after_the_parcel_has_left_frees_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    house.open(orders=1)
    house.deliver()
    stop(house)
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.confirm()
    monkeypatch.setattr(Ledger, "cancel", lambda *_given: None)

    house.deliver()

    assert rows(house.database, "select state, recall from core.delivery_orders") == [
        ("shipped", "requested")
    ]
    assert rows(house.database, "select state, cancel_reason from core.fulfillment_orders") == [
        ("shipped", None)
    ]
    assert rows(house.database, MUGS) == [(18, 0)]
    assert clean(house) == []


def test_a_label_that_is_two_days_in_doubt_is_not_ordered_a_second_time(desk: Desk):  # noqa: F811 - a fixture
    """The service gives the first label again for two days; later it makes another, which is paid for too."""
    desk.open(orders=1, service="kuaidi100")
    desk.close()
    desk.plan({"kind": "drop"}, {"kind": "status", "nth": 2, "times": 5})
    desk.deliver()
    desk.clock.move(timedelta(hours=48))
    desk.plan()
    before = desk.services.calls["order"]

    desk.deliver(2)

    assert (desk.services.calls["order"] - before, set(desk.made().values())) == (0, {1})
    assert rows(desk.database, "select state from core.waybills") == [("refused",)]
