"""The special lives of orders as stories: from the gateway through extract and transform to what may ship.

One world per platform that holds every life; each story picks an order that leads it.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orderhub import paths
from orderhub.config.goods import GOODS_FILES
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from sandbox.world.model import AfterSaleKind, AfterSaleState, Order, OrderState, PaymentKind
from sandbox.world.platforms import PLATFORMS
from tests.builders import rows
from tests.conftest import PASSWORDS, TEMPLATE
from tests.platforms.shop_in_a_box import ShopInABox, merchant_files

SERVICE = "PAY-THE-DIFFERENCE"
Story = Callable[[Order], bool]
STANDING = "select payment_state, gate from core.orders where platform_order_id = '{}'"
LINES = (
    "select l.kind, l.quantity, r.blocked_by from core.order_lines l join core.line_readiness r using (order_id, line_id) "
    "join core.orders o using (order_id) where o.platform_order_id = '{}' and l.gift_rule_id is null "
    "order by l.line_no, l.line_id"
)


@pytest.fixture(scope="module", params=PLATFORMS)
def box(request: pytest.FixtureRequest, server: Server) -> Iterator[ShopInABox]:
    """One platform's shop with every life, pulled and transformed once, with the shipped goods master."""
    name = f"lives_{request.param}"
    admin = Database(server.url("postgres"), "tests")
    with admin.session() as session:
        session.execute(text(f"create database {name} template {TEMPLATE} owner orderhub_owner"))
    opened = Database(server.url(name, "orderhub_app", PASSWORDS.app), "tests")
    size = 2000 if request.param == "taobao" else 300  # Its shop in the box is the smaller of two.
    told = ShopInABox(opened, orders=size, platform=request.param, lives="all")
    told.gateway.behavior.churn_per_call = told.gateway.behavior.churn_place = 0
    told.pass_time(timedelta(minutes=20))
    folder = paths.shipped_config_directory()
    told.own_files = {file: (folder / file).read_text(encoding="utf-8") for file in GOODS_FILES[:2]}
    sell_a_service(told)
    told.pull()
    told.transform()
    yield told
    opened.close()
    with admin.session() as session:
        session.execute(text(f"drop database {name} with (force)"))
    admin.close()


def sell_a_service(box: ShopInABox) -> None:
    """Let an order be of the link that buyers pay a difference by, which the merchant's files call a service."""
    order = next(order for order in box.orders() if order.is_shippable and is_plain(order))
    order.lines[0].variant_code = SERVICE
    mappings = merchant_files(box.platform.spec.name)["sku_mappings.csv"]
    box.own_files["sku_mappings.csv"] = f"{mappings}difference,*,{SERVICE},SKU-DIFFERENCE\n"


def is_plain(order: Order) -> bool:
    return len(order.lines) == 1 and not (order.intents or order.after_sales or order.lines[0].parts)


def one(box: ShopInABox, life: str, story: Story) -> Order:
    """Return an order that leads the life; a platform that has no such life skips its story."""
    of_all = {"refunded_line", "address_changed", "shipped", "gift"}
    platform = PLATFORMS[box.platform.spec.name]
    if life not in platform.own_lives and (life not in of_all or life in platform.impossible_lives):
        pytest.skip(f"no {life} on {box.platform.spec.name}")
    if life == "refunded_line" and platform.most_lines == 1:
        pytest.skip("an order of one line is closed when that is refunded")
    return next(order for order in box.orders() if not order.intents and story(order))


def standing(box: ShopInABox, order: Order) -> tuple[Any, ...]:
    found = rows(box.database, STANDING.format(order.order_id))
    return found[0] if found else ("not listed", "wait")


def lines(box: ShopInABox, order: Order) -> list[tuple[Any, ...]]:
    return rows(box.database, LINES.format(order.order_id))


def asks(kind: AfterSaleKind, state: AfterSaleState, pieces: Callable[[int, int], bool]) -> Story:
    """An order still to ship whose one after-sale has this kind and state, and claims so many of a line's pieces."""

    def story(order: Order) -> bool:
        sales = order.after_sales
        if order.state is not OrderState.TO_SHIP or len(sales) != 1 or sales[0].kind is not kind:
            return False
        bought = next(line.quantity for line in order.lines if line.line_id == sales[0].claims[0].line_id)
        return sales[0].state is state and pieces(sales[0].claims[0].quantity, bought)

    return story


def test_presale_waits_while_only_the_deposit_is_paid(box: ShopInABox):
    order = one(box, "presale_final_paid", lambda o: o.state is OrderState.DEPOSIT_PAID)

    assert standing(box, order) in [("deposit_paid", "wait"), ("not listed", "wait")]


def test_presale_ships_once_the_rest_is_paid(box: ShopInABox):
    order = one(box, "presale_final_paid", lambda o: o.is_shippable and o.payment_kind is PaymentKind.PRESALE)

    assert standing(box, order) == ("paid", "ship")


def test_cash_on_delivery_ships_unpaid(box: ShopInABox):
    order = one(box, "cod", lambda o: o.is_shippable and o.payment_kind is PaymentKind.COD)

    assert standing(box, order) == ("cod_accepted", "ship")


def test_bundle_ships_as_its_parts(box: ShopInABox):
    order = one(box, "bundle", lambda o: o.is_shippable and bool(o.lines[0].parts) and not o.after_sales)

    line = order.lines[0]
    parts = [("bundle_part", part.quantity * line.quantity, None) for part in line.parts]
    assert lines(box, order)[: 1 + len(parts)] == [("bundle", line.quantity, "line_is_bundle"), *parts]


def test_gift_ships_with_what_was_bought(box: ShopInABox):
    order = one(box, "gift", lambda o: o.is_shippable and o.lines[-1].is_gift and not o.after_sales)

    assert lines(box, order)[-1] == ("gift", 1, None)


def test_service_is_paid_for_and_never_sent(box: ShopInABox):
    order = next(order for order in box.orders() if order.lines[0].merchant_code == SERVICE)

    ended = "select b.bucket from core.order_buckets b join core.orders o using (order_id) where o.platform_order_id = '{}'"
    assert lines(box, order) == [("service", order.lines[0].quantity, "line_is_service")]
    assert rows(box.database, ended.format(order.order_id)) == [("closed",)]


def test_line_that_was_refunded_does_not_ship(box: ShopInABox):
    whole = asks(
        AfterSaleKind.REFUND_ONLY, AfterSaleState.REFUNDED, lambda claimed, bought: claimed == bought
    )
    order = one(box, "refunded_line", whole)

    line_id = order.after_sales[0].claims[0].line_id
    blocked = [reason for _, _, reason in lines(box, order)]
    place = [line.line_id for line in order.lines].index(line_id)
    assert blocked[place] in ("line_stopped", "line_waits", "order_stopped")


def test_refund_of_some_pieces_lets_the_rest_wait_for_a_person(box: ShopInABox):
    part = asks(AfterSaleKind.REFUND_ONLY, AfterSaleState.REFUNDED, lambda claimed, bought: claimed < bought)
    order = one(box, "quantity_refunded", part)

    assert {reason for kind, _, reason in lines(box, order) if kind == "goods"} <= {"line_waits", None}
    assert "line_waits" in {reason for _, _, reason in lines(box, order)}


def test_refund_of_money_only_keeps_the_goods_coming(box: ShopInABox):
    order = one(
        box,
        "money_refunded",
        asks(AfterSaleKind.MONEY_ONLY, AfterSaleState.REFUNDED, lambda claimed, _: claimed == 0),
    )

    assert not {"line_stopped", "order_stopped"} & {reason for _, _, reason in lines(box, order)}


def test_address_that_the_buyer_changed_is_the_one_that_counts(box: ShopInABox):
    order = one(box, "address_changed", lambda o: o.address_changes > 0 and o.is_shippable)

    found = rows(
        box.database,
        f"select district from core.receivers join core.orders using (order_id) where platform_order_id = '{order.order_id}'",
    )
    assert found == [(order.receiver.district or None,)]


def test_order_that_was_shipped_by_hand_is_left_alone(box: ShopInABox):
    order = one(box, "shipped", lambda o: o.state is OrderState.SHIPPED and not o.after_sales)

    assert standing(box, order)[1] == "stop"
    assert {reason for _, _, reason in lines(box, order)} == {"order_stopped"}
