"""Parcels that clients tell the sandbox's platforms of: judged, booked once, the same after a restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.dialects import DIALECTS
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.shipping import Verdict, is_number, verdict
from sandbox.gateway.wire import Incoming
from sandbox.world.catalog import SHOPS
from sandbox.world.model import Order, OrderState, Parcel
from sandbox.world.shipping import unsent
from sandbox.world.world import World

STARTED_AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NOW = STARTED_AT + timedelta(minutes=5)


@pytest.fixture
def world() -> World:
    return World(7, 60, STARTED_AT)


@pytest.fixture
def order(world: World) -> Order:
    return next(one for one in world.orders.values() if one.is_shippable and not one.after_sales)


def told(order: Order, number: str = "78500001", **pieces: int) -> Parcel:
    return Parcel(NOW, "ZTO", number, tuple((pieces or unsent(order)).items()), "request-1")


def test_a_parcel_with_everything_makes_the_order_shipped(world: World, order: Order):
    world.tell(order.order_id, told(order))

    assert (order.state, order.events[-1].kind, order.events[-1].detail) == (
        OrderState.SHIPPED,
        "told",
        "78500001",
    )
    assert order.modified == NOW


def test_a_parcel_with_a_part_leaves_the_rest_to_ship(world: World, order: Order):
    order.lines[0] = replace(order.lines[0], quantity=3)

    world.tell(order.order_id, told(order, **{order.lines[0].line_id: 1}))

    assert (order.state, unsent(order)[order.lines[0].line_id]) == (OrderState.PART_SHIPPED, 2)


def test_one_more_number_moves_no_goods(world: World, order: Order):
    world.tell(order.order_id, told(order))
    world.tell(order.order_id, Parcel(NOW, "SF", "SF01", ()))

    assert [parcel.number for parcel in order.parcels] == ["78500001", "SF01"]
    assert order.events[-1].kind == "number_added"


def test_a_world_that_is_replayed_has_the_same_parcels(order: Order):
    journal: list[dict] = []
    first = World(7, 60, STARTED_AT, journal.append)
    first.tell(order.order_id, told(order))
    again = World(7, 60, STARTED_AT)

    for operation in journal:
        again.replay(operation)

    assert again.orders[order.order_id] == first.orders[order.order_id]


@pytest.mark.parametrize(
    "what, found",
    [
        ("memo", Verdict.OPEN),
        ("ship", Verdict.SHIPPED),
        ("close", Verdict.CLOSED),
        ("refund", Verdict.REFUND_OPEN),
        ("refund_money", Verdict.OPEN),
        ("ship_hold", Verdict.WAITS),
        ("hold", Verdict.WAITS),
        ("request_address", Verdict.WAITS),
    ],
)
def test_what_happened_to_an_order_decides_whether_it_ships(
    world: World, order: Order, what: str, found: Verdict
):
    world.touch(1, NOW, what=what, order_ids=[order.order_id])

    assert verdict(order) is found


def test_a_refund_of_another_line_stops_no_parcel(world: World, order: Order):
    world.touch(1, NOW, what="refund", order_ids=[order.order_id])

    assert verdict(order, ["another"]) is Verdict.OPEN


def test_a_number_is_letters_digits_and_hyphens():
    found = [text for text in ("78500001", "SF-1234", "78 50", "7", "", None) if is_number(text)]

    assert found == ["78500001", "SF-1234"]


@pytest.mark.parametrize(
    "platform, method",
    [
        ("taobao", "taobao.logistics.offline.send"),
        ("jd", "jingdong.pop.order.shipment"),
        ("pinduoduo", "pdd.logistics.online.send"),
        ("douyin", "order.logisticsAddSinglePack"),
        ("wechat", "channels/ec/order/delivery/send"),
        ("miniprogram", "shipments.create"),
    ],
)
def test_nobody_ships_without_signature_or_token(platform: str, method: str):
    shops = [shop for shop in SHOPS if shop.platform == platform]
    world = World(7, 30, STARTED_AT, shops=shops)
    gateway = Gateway.of(DIALECTS[platform], world, Credentials.of(7, platform))
    dialect = gateway.dialect
    sent = {
        "taobao": Incoming.of_form({"method": method}),
        "pinduoduo": Incoming.of_form({"type": method}),
        "jd": Incoming.of_form({"method": method}, "/jd/routerjson"),
        "douyin": Incoming.of_json({}, "/douyin/order/logisticsAddSinglePack", {"method": method}),
        "wechat": Incoming.of_json({}, f"/wechat/{method}"),
        "miniprogram": Incoming.of_json({}, "/miniprogram/openapi/v1/orders/1/shipments"),
    }[platform]

    gateway.answer(sent, NOW)

    assert method in dialect.methods
    assert (gateway.calls[method], sum(gateway.errors.values())) == (1, 1)
    assert not any(order.events[-1].kind == "told" for order in world.orders.values())
