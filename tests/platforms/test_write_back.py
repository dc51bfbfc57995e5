"""Tracking numbers at the platform: told once the warehouse confirmed, once each, whatever goes wrong."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderhub.db.engine import Database
from orderhub.errors import NotTaken
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.tracking_mending import open_writes, resend_write, settle_write
from orderhub.operate.explain import explain
from orderhub.platforms.client import Client
from orderhub.platforms.protocol import Call
from sandbox.world.model import Order, OrderState
from tests.builders import rows
from tests.platforms.telling_shop import TellingShop

PLATFORMS = ("taobao", "jd", "pinduoduo", "douyin", "wechat", "miniprogram")
HALF_AN_HOUR = timedelta(minutes=31)
#: What a call meets: before it acts, after it acted, and answers that are none.
FAULTS = (
    {"kind": "throttle", "seconds": 2},
    {"kind": "status", "status": 502},
    {"kind": "cut"},
    {"kind": "error"},
    {"kind": "html"},
    {"kind": "body"},
    {"kind": "slow", "seconds": 0.01},
)


def has_two_lines(order: Order) -> bool:
    return len(order.lines) > 1 and not any(line.parts for line in order.lines)


def has_two_pieces(order: Order) -> bool:
    return order.lines[0].quantity > 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_parcels_are_told_once_the_warehouse_confirmed_and_each_answer_is_understood(
    database: Database, tmp_path: Path, platform: str
):
    shop = TellingShop(database, platform, tmp_path)
    plain, by_hand, closed, refunding, odd, unknown = shop.orders()[:6]
    before = shop.deliver()
    for order, what in ((by_hand, "ship"), (closed, "close"), (refunding, "refund")):
        shop.happens(order, what)

    shop.confirm(plain, "78500000000001")
    shop.confirm(plain, "78500000000001")
    shop.confirm(by_hand, "78500000000002")
    shop.confirm(closed, "78500000000003")
    shop.confirm(refunding, "78500000000004")
    shop.confirm(odd, "7850")
    shop.confirm(unknown, "78500000000006", carrier="NEW-CARRIER")
    shop.deliver()
    shop.deliver(HALF_AN_HOUR)

    assert before.sent == 0
    assert shop.states() == [
        ("7850", "refused", "bad_number"),
        ("78500000000001", "told", None),
        ("78500000000002", "told", "shipped_already"),
        ("78500000000003", "refused", "order_closed"),
        ("78500000000004", "waiting", "refund_open"),
        ("78500000000006", "waiting", "unknown_carrier"),
    ]
    assert shop.numbers(plain) == ["78500000000001"]
    assert shop.alerts() == ["shipped_with_refund", "tracking_refused", "unknown_carrier_code"]
    shop.happens(refunding, "withdraw")
    shop.deliver(HALF_AN_HOUR)
    shop.box.pull()
    shop.box.transform()
    assert shop.numbers(refunding) == ["78500000000004"]
    assert rows(database, f"select status from core.orders where platform_order_id = '{plain.order_id}'") == [
        ("shipped",)
    ]
    assert any("78500000000001" in step.text_en for step in explain(database, plain.order_id).steps)


@pytest.mark.parametrize(
    "platform",
    ["miniprogram", *(pytest.param(name, marks=pytest.mark.slow) for name in PLATFORMS[:-1])],
)
def test_no_fault_loses_a_number_or_tells_it_twice(database: Database, tmp_path: Path, platform: str):
    shop = TellingShop(database, platform, tmp_path)
    orders = shop.orders()[: len(FAULTS)]

    for number, (order, fault) in enumerate(zip(orders, FAULTS, strict=True)):
        shop.confirm(order, f"7850000000010{number}", f"7850000000020{number}")
        shop.plan(fault)
        shop.deliver()
        shop.plan()
        shop.deliver(HALF_AN_HOUR)
    shop.deliver(HALF_AN_HOUR)

    told = [number for order in orders for number in shop.numbers(order)]
    assert len(told) == len(set(told))
    assert {state for _, state, _ in shop.states()} <= {"told", "noted"}
    assert {number for number, state, _ in shop.states() if state == "told"} == set(told)


@pytest.mark.parametrize(
    ("what", "platform", "reason"), [("ask", "miniprogram", None), ("send", "taobao", "known_already")]
)
def test_a_number_whose_answer_was_lost_is_found_and_told_once(
    database: Database, tmp_path: Path, what: str, platform: str, reason: str | None
):
    shop = TellingShop(database, platform, tmp_path)
    shop.confirm(shop.orders()[0], "78500000000001")
    shop.plan({"kind": "cut"})
    shop.deliver()
    shop.plan()
    [(payload,)] = rows(database, "select payload from ops.outbox where target like 'tracking:%'")

    teller = shop.teller(shop.box.client)
    found = getattr(teller, what)(payload)
    teller.close()

    assert found == {"state": "told", "reason": reason}
    assert shop.numbers_told() == Counter(["78500000000001"])


class Elsewhere:
    """A client whose platform answers about `other`, whichever order it is asked for."""

    def __init__(self, client: Client, other: str) -> None:
        self.client, self.other = client, other

    def call(self, call: Call, values: Mapping[str, Any]) -> Any:
        return self.client.call(call, {**values, "order_id": self.other})

    def close(self) -> None:
        self.client.close()


@pytest.mark.parametrize(
    "platform",
    ["miniprogram", *(pytest.param(name, marks=pytest.mark.slow) for name in PLATFORMS[:-1])],
)
def test_an_answer_about_another_order_says_nothing_of_this_one(
    database: Database, tmp_path: Path, platform: str
):
    shop = TellingShop(database, platform, tmp_path)
    order, other = shop.orders()[:2]
    shop.happens(other, "ship")
    shop.confirm(order, "78500000000001")
    [(payload,)] = rows(database, "select payload from ops.outbox where target like 'tracking:%'")

    teller = shop.teller(lambda: Elsewhere(shop.box.client(), other.order_id))

    with pytest.raises(NotTaken, match="another order"):
        teller.ask(payload)
    teller.close()


def test_lines_are_told_with_the_parcel_that_has_them(database: Database, tmp_path: Path):
    shop = TellingShop(database, "taobao", tmp_path)
    order = shop.orders(has_two_lines)[0]
    skus = {line.line_id: line.sku_id for line in order.lines}
    first, second = list(skus)[:2]

    shop.confirm(order, "78500000000001", pieces={skus[first]: order.lines[0].quantity})
    shop.deliver()

    assert order.state is OrderState.PART_SHIPPED
    shop.confirm(order, "78500000000002", pieces={skus[second]: order.lines[1].quantity})
    shop.deliver()
    assert [dict(parcel.pieces) for parcel in order.parcels] == [
        {first: order.lines[0].quantity},
        {second: order.lines[1].quantity},
    ]


def test_a_number_that_is_refused_beside_a_part_told_before_is_not_called_told(
    database: Database, tmp_path: Path
):
    """That a part has left is our own doing, and says nothing of these lines."""
    shop = TellingShop(database, "wechat", tmp_path)
    order = shop.orders(has_two_lines)[0]
    first, second = order.lines[:2]
    shop.confirm(order, "78500000000001", pieces={first.sku_id: first.quantity})
    shop.deliver()
    shop.confirm(order, "78500000000002", pieces={second.sku_id: second.quantity})
    shop.plan({"kind": "error", "code": 109000, "method": "channels/ec/order/delivery/send"})

    shop.deliver()
    refused = shop.states()
    shop.plan()
    shop.deliver(HALF_AN_HOUR)

    assert refused[1] == ("78500000000002", "waiting", "not_yet")
    assert shop.numbers(order) == ["78500000000001", "78500000000002"]


def test_a_line_whose_number_a_person_settled_is_not_told_with_the_rest_of_its_pieces(
    database: Database, tmp_path: Path
):
    shop = TellingShop(database, "wechat", tmp_path)
    order = shop.orders(has_two_pieces)[0]
    line = order.lines[0]
    shop.confirm(order, "78500000000001", pieces={line.sku_id: 1})
    settle_write(database, shop.box.clock, f"{shop.document(order)}#78500000000001", "clerk", "typed in")

    shop.confirm(order, "78500000000002", pieces={line.sku_id: line.quantity - 1})
    shop.deliver()

    assert shop.states() == [
        ("78500000000001", "settled", None),
        ("78500000000002", "noted", "line_told_before"),
    ]


@pytest.mark.slow
def test_pieces_of_one_line_are_told_where_the_platform_counts_them(database: Database, tmp_path: Path):
    shop = TellingShop(database, "douyin", tmp_path)
    order = shop.orders(has_two_pieces)[0]
    line = order.lines[0]

    shop.confirm(order, "78500000000001", pieces={line.sku_id: 1})
    shop.confirm(order, "78500000000002")
    shop.deliver()

    assert [dict(parcel.pieces).get(line.line_id) for parcel in order.parcels] == [1, line.quantity - 1]
    assert order.state is OrderState.SHIPPED


def test_what_left_together_is_told_in_one_call_and_a_later_number_is_left_to_a_person(
    database: Database, tmp_path: Path
):
    """The platform calls the order shipped from then on; what is left of it ships all the same."""
    shop = TellingShop(database, "jd", tmp_path)
    order = shop.orders(has_two_pieces)[0]
    sku_id = order.lines[0].sku_id

    shop.confirm(order, "78500000000001", pieces={sku_id: 1})
    shop.deliver()
    shop.box.pull()
    shop.box.transform()
    left = run_fulfillment(database, shop.box.clock, shop.box.config)
    shop.confirm(order, "78500000000002")
    shop.deliver()

    assert left.withdrawn_reservations == 0
    assert shop.numbers(order) == ["78500000000001"]
    assert shop.states()[1] == ("78500000000002", "noted", "no_more_numbers")
    assert shop.alerts() == ["tracking_by_hand"]


def test_what_is_left_to_a_person_is_settled_by_one_or_told_once_it_is_switched_on(
    database: Database, tmp_path: Path
):
    shop = TellingShop(database, "miniprogram", tmp_path, write_back=False)
    typed_in, later = shop.orders()[:2]
    shop.confirm(typed_in, "78500000000001")
    shop.confirm(later, "78500000000002")
    shop.deliver()
    left = open_writes(database, shop.box.shop_id)
    told = shop.alerts()

    settle_write(database, shop.box.clock, left[0].shipment_id, "clerk", "typed in")
    shop.switch(write_back=True)
    resend_write(database, shop.box.clock, left[1].shipment_id, "clerk")
    shop.deliver()

    assert [(row.state, row.reason) for row in left] == [("by_hand", "not_written_back")] * 2
    assert told == ["tracking_by_hand"]
    assert (shop.numbers(typed_in), shop.numbers(later)) == ([], ["78500000000002"])
    assert (shop.alerts(), open_writes(database, None)) == ([], [])


def test_a_refused_account_stops_only_its_shop_and_is_told_at_once(database: Database, tmp_path: Path):
    shop = TellingShop(database, "miniprogram", tmp_path)
    orders = shop.orders()[:3]
    for number, order in enumerate(orders):
        shop.confirm(order, f"7850000000000{number}")
    shop.plan({"kind": "error", "code": 401, "sub_code": "key_disabled", "times": 0})
    calls = sum(shop.box.gateway.calls.values())

    shop.deliver()

    assert sum(shop.box.gateway.calls.values()) - calls == 1
    assert shop.alerts() == ["tracking_untold"]
    shop.plan()
    shop.deliver(HALF_AN_HOUR)
    assert [shop.numbers(order) for order in orders] == [[f"7850000000000{n}"] for n in range(3)]
