"""Lives that orders lead on some platforms only: groups, presales, services, every kind of after-sale.

They are dealt out when the world is asked for all lives (`World(lives="all")`), in the shares of `platforms`.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.world import catalog
from sandbox.world.catalog import Shop
from sandbox.world.changes import CHANGES
from sandbox.world.doubts import DOUBTS
from sandbox.world.make import OrderMaker
from sandbox.world.model import Group, Hold, Order, OrderState, Part, PaymentKind
from sandbox.world.shipping import ship_everything
from sandbox.world.story import TELLERS, Teller, unpay

STEP = timedelta(minutes=3)
GROUP_SIZE = 3
CARRIERS = ("SF", "JD")
SERVICE_TAGS = (("sf_only",), ("next_day",), ("door_delivery", "sf_only"))


def tell(name: str, maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """Return the order(s) of one story, placed at `at`."""
    return (TELLERS | OWN_LIVES | DOUBTS)[name](maker, shop, at)


def _let(order: Order, rng: random.Random, names: Sequence[str]) -> None:
    for name in names:
        CHANGES[name].happen(order, rng, order.modified + STEP)


def _then(*names: str, lines_at_least: int = 1, pieces: int = 0) -> Teller:
    """Return the life of an order to which these changes happen; `pieces` of its first line are bought."""

    def teller(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
        sku = maker.rng.choice(catalog.GOODS[:20])
        only = (sku, pieces) if pieces else None
        order = maker.order(shop, at, lines_at_least=lines_at_least, only=only)
        _let(order, maker.rng, names)
        return [order]

    return teller


def _group(*names: str) -> Teller:
    def teller(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
        order = maker.order(shop, at)
        order.group = Group(f"G{order.order_id[-12:]}", GROUP_SIZE, maker.rng.randint(1, GROUP_SIZE - 1))
        order.state, order.hold = OrderState.PAID_HOLD, Hold.GROUP
        _let(order, maker.rng, names)
        return [order]

    return teller


def _presale(change: str) -> Teller:
    def teller(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
        order = TELLERS["presale_deposit"](maker, shop, at)[0]
        _let(order, maker.rng, [change])
        return [order]

    return teller


def _cash_on_delivery(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    unpay(order)
    order.payment_kind = PaymentKind.COD
    return [order]


def _bundle(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    line = order.lines[0]
    code, title, contents = maker.rng.choice(catalog.BUNDLES)
    parts = tuple(Part(part, catalog.BY_CODE[part].sku_id, pieces) for part, pieces in contents)
    order.lines[0] = replace(
        line, parts=parts, sku_id=catalog.bundle_sku_id(code), title=title, item_code=code, variant_code=""
    )
    return [order]


def _required_carrier(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.required_carrier = maker.rng.choice(CARRIERS)
    order.service_tags = maker.rng.choice(SERVICE_TAGS)
    return [order]


def _platform_fulfilled(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at, lines_at_least=2)
    order.lines[-1].is_fulfilled_by_platform = True
    if order.lines[-1].is_gift:
        order.lines[0].is_fulfilled_by_platform = True
    return [order]


def _part_shipped(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at, lines_at_least=2)
    if CHANGES["part_ship"].can(order):
        _let(order, maker.rng, ["part_ship"])
    else:
        ship_everything(order, order.modified + STEP)
    return [order]


OWN_LIVES: dict[str, Teller] = {
    "bundle": _bundle,
    "invoice": _then("invoice"),
    "required_carrier": _required_carrier,
    "platform_fulfilled": _platform_fulfilled,
    "part_shipped": _part_shipped,
    "presale_final_paid": _presale("pay_final"),
    "presale_forfeited": _presale("cancel"),
    "cod": _cash_on_delivery,
    "risk_review": _then("hold"),
    "locked": _then("lock"),
    "ship_hold": _then("ship_hold"),
    "address_request": _then("request_address"),
    "group_forming": _group(),
    "group_formed": _group("release"),
    "group_failed": _group("fail_group"),
    "quantity_refunded": _then("refund_piece", "advance", "advance", pieces=3),
    "money_refunded": _then("refund_money", "advance", "advance"),
    "refund_rejected": _then("refund", "reject"),
    "refund_withdrawn": _then("refund", "withdraw", lines_at_least=2),
    "refund_reopened": _then("refund", "reject", "reopen"),
    "return_open": _then("ship", "return", "advance"),
    "return_refunded": _then("ship", "return", "advance", "advance", "advance"),
    "exchanged": _then("ship", "exchange", "advance", "advance", "advance"),
    "reshipped": _then("ship", "reship", "advance", "advance"),
}
