"""What cannot leave today leaves tomorrow, by itself or by a person's word, and its number is told once.

Two days are lived; each story looks at the order that shows it, from what was bought to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.fulfillment.freeze import freeze_stock, thaw_stock
from orderhub.operate.verify import verify
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from sandbox.world.catalog import BY_CODE
from sandbox.world.model import AfterSaleKind, Order, PaymentKind
from sandbox.world.story import unpay
from tests.builders import rows
from tests.platforms.shop_in_a_box import shop_of
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay

DAY = timedelta(days=1)
LHASA = ("西藏自治区", "拉萨市", "城关区")
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
MORE = {
    "calendar.csv": "kind,id,from,to,what,comment\narea,西藏自治区,2026-11-23,2026-11-24,suspended,暴雪停发\n",
    "routing.yaml": FILES["routing.yaml"].replace(
        "rules:\n",
        "rules:\n  - {id: preorder, when: {sku: [SKU-HT010-RED]}, warehouses: [hangzhou], "
        "none_can_fill: backorder, promise_days: 3, reason: {zh: 预订, en: preorder}}\n",
    ),
    "carriers.yaml": FILES["carriers.yaml"].replace(
        "    not_served: [remote]\n    capabilities: [fragile]",
        "    not_served: [remote]\n    capabilities: [fragile, cod]",
    ),
}


def merchant(platform: str) -> dict[str, str]:
    """Return the merchant's files where its shop is on `platform`."""
    return {**MORE, "shares.csv": f"shop_id,sku_id,percent\n{shop_of(platform)},*,50\n"}


SHOP_KEYS = "    exchange_goods: same\n    push_stock: true\n"


class Lived(LivedDay):
    """Two days that are over, and their orders by the story they show."""

    def numbers(self, story: str) -> list[tuple[str, str]]:
        """Return carrier and number of each parcel that the platform knows of an order."""
        return [(carrier, number) for carrier, number, _ in self.day.numbers(self.orders[story])]


def noon(day: Day) -> dict[str, Order]:
    """Let the buyers of the first day buy."""
    day.lay_in("hangzhou", MG_012=20, HT_010_RED=0, SC_014_GRY=1, TW_017_GRY=1, CB_016=9, SK_006_BLK=0)
    day.lay_in("yiwu", MG_012=9, SC_014_GRY=2, TW_017_GRY=0, SK_006_BLK=3)
    orders = {
        "suspended": day.buy("MG-012", to=LHASA),
        "preordered": day.buy("HT-010-RED"),
        "moved late": day.buy("MG-012"),
        "together": day.buy("MG-012"),
        "with it": day.buy("CB-016"),
        "exchanged": day.buy("CB-016"),
        "returned": day.buy("TW-017-GRY"),
        "at the door": day.buy("MG-012"),
        "counting": day.buy("SK-006-BLK"),
        "recounted": day.buy("SC-014-GRY"),
        "asked about": day.buy("MG-012", note="麻烦改地址到公司"),
        "two of three": day.buy("MG-012", pieces=3),
    }
    together, same = orders["together"], orders["with it"]
    same.buyer, same.receiver = together.buyer, together.receiver
    cash = orders["at the door"]
    unpay(cash)
    cash.payment_kind = PaymentKind.COD
    return orders


def first_day(day: Day) -> dict[str, Order]:
    """Live until the parcels of the first cut-off have left."""
    orders = noon(day)
    freeze_stock(day.database, day.box.clock, day.box.config, "yiwu", "clerk")
    day.work()
    day.lay_in("hangzhou", SC_014_GRY=0)
    day.cut_off(CUTOFF)
    day.happens(orders["moved late"], "address")
    day.work()
    day.send_everything()
    day.work()
    return orders


def second_day(day: Day, orders: dict[str, Order]) -> None:
    """Live until those of the second have."""
    for what in ("exchange", "advance"):
        day.happens(orders["exchanged"], what)
    for what in ("return", "advance"):
        day.happens(orders["returned"], what)
    day.claims(orders["two of three"], AfterSaleKind.EXCHANGE, 2)
    day.happens(orders["two of three"], "advance")
    day.work()
    day.come_back()
    for story in ("exchanged", "returned", "two of three"):
        day.happens(orders[story], "advance")
    orders["heir"] = day.buy("TW-017-GRY")
    thaw_stock(day.database, day.box.clock, "yiwu", "clerk")
    order_id = f"{day.box.shop_id}/{orders['asked about'].order_id}"
    for hold_id in holds_of_rule(day.database, order_id, "memo_instruction"):
        decide(day.database, day.box.clock, Decision(hold_id, Choice.RELEASE, "asked the buyer", "lead"))
    day.until(CUTOFF + DAY - timedelta(hours=1))
    day.lay_in("hangzhou", HT_010_RED=1)
    day.lay_in("yiwu", MG_012=9, SC_014_GRY=2, SK_006_BLK=3)
    day.work()
    day.through(CUTOFF + DAY)


#: The merchant's own shop each time, one more that takes cash at the door and tells of it on request.
PLATFORMS = ["miniprogram", pytest.param("douyin", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    platform = request.param
    with own_day(
        server, tmp_path_factory, f"two_days_{platform}", platform, merchant(platform), SHOP_KEYS
    ) as day:
        orders = first_day(day)
        second_day(day, orders)
        yield Lived(day, orders)


def test_an_area_that_carriers_do_not_serve_today_is_served_once_they_do(lived: Lived):
    assert lived.left("suspended") == [("yiwu", "shipped", SECOND)]
    assert [carrier for carrier, _ in lived.numbers("suspended")] == ["POSTB"]


def test_what_was_promised_for_later_leaves_when_it_has_arrived(lived: Lived):
    assert lived.left("preordered") == [("hangzhou", "shipped", SECOND)]
    assert [carrier for carrier, _ in lived.numbers("preordered")] == ["ZTO"]


def test_an_address_that_changed_after_the_cutoff_is_recalled_and_goes_to_the_new_one_tomorrow(lived: Lived):
    codes = {
        document["code"]: document["status"]
        for document in lived.day.ledger()
        if lived.orders["moved late"].order_id in document["code"]
    }

    assert lived.left("moved late") == [("hangzhou", "cancelled", None), ("hangzhou", "shipped", SECOND)]
    assert list(codes.values()) == ["CANCELED", "DELIVERED"]
    assert len(lived.numbers("moved late")) == 1


def test_orders_of_one_buyer_to_one_receiver_leave_in_one_parcel_and_each_is_told_its_number(lived: Lived):
    [document] = [one for one in lived.day.ledger() if len(one["items"]) > 1]

    assert document["items"] == {BY_CODE["MG-012"].sku_id: 1, BY_CODE["CB-016"].sku_id: 1}
    assert lived.left("together") == lived.left("with it") == [("hangzhou", "shipped", FIRST)]
    assert lived.numbers("together") == lived.numbers("with it")
    assert "合成一个包裹" in lived.said("with it")


def test_an_exchange_leaves_as_a_document_of_its_own_and_its_number_is_for_a_person_to_tell(lived: Lived):
    made = lived.orders["exchanged"].after_sales[0].after_sale_id
    sent = rows(
        lived.day.database,
        "select f.state, w.state, o.paid_fen from core.fulfillment_orders as f join core.orders as o using (order_id) "
        f"join core.tracking_writes as w using (order_id) where order_id = '{lived.day.box.shop_id}/HH{made}'",
    )

    assert lived.left("exchanged") == [("hangzhou", "shipped", FIRST)]
    assert len(lived.numbers("exchanged")) == 1
    assert sent == [("shipped", "by_hand", 0)]


def test_of_three_pieces_two_are_announced_back_and_two_are_sent_again(lived: Lived):
    made = lived.orders["two of three"].after_sales[0].after_sale_id
    sku_id = BY_CODE["MG-012"].sku_id
    back = rows(
        lived.day.database,
        f"select planned from core.returns where refund_id = '{lived.day.box.shop_id}/{made}'",
    )
    again = rows(
        lived.day.database,
        f"select sku_id, quantity::int from core.order_lines where order_id = '{lived.day.box.shop_id}/HH{made}'",
    )

    assert back == [({sku_id: 2},)]
    assert again == [(sku_id, 2)]


def test_what_came_back_as_good_as_new_is_sold_to_the_next_buyer(lived: Lived):
    assert lived.left("returned") == [("hangzhou", "shipped", FIRST)]
    assert lived.left("heir") == [("hangzhou", "shipped", SECOND)]
    assert len(lived.numbers("heir")) == 1


def test_what_is_paid_at_the_door_goes_by_a_carrier_that_collects_and_its_document_names_the_amount(
    lived: Lived,
):
    due = {document["code"]: document["due"] for document in lived.day.ledger() if document["due"] != "0.00"}

    assert lived.left("at the door") == [("hangzhou", "shipped", FIRST)]
    assert "post 9.00 元 做不到 cod" in lived.said("at the door")
    assert due == {f"{lived.day.box.shop_id}-{lived.orders['at the door'].order_id}-1": "49.00"}
    assert [carrier for carrier, _ in lived.numbers("at the door")] == ["ZTO"]


def test_nothing_is_promised_of_a_warehouse_that_is_counting_until_it_has_counted(lived: Lived):
    assert lived.left("counting") == [("yiwu", "shipped", SECOND)]
    assert len(lived.numbers("counting")) == 1


def test_a_count_below_what_was_promised_gives_it_back_and_another_warehouse_sends_it(lived: Lived):
    assert lived.left("recounted") == [("hangzhou", "cancelled", None), ("yiwu", "shipped", SECOND)]
    assert "已作废, stock_recounted" in lived.said("recounted")
    assert len(lived.numbers("recounted")) == 1


def test_an_order_that_asks_for_a_person_leaves_once_one_has_released_it(lived: Lived):
    assert lived.left("asked about") == [("hangzhou", "shipped", SECOND)]
    assert "lead 放行 memo_instruction" in lived.said("asked about")
    assert len(lived.numbers("asked about")) == 1


def test_the_shop_shows_its_share_of_what_can_still_be_promised(lived: Lived):
    sellable = rows(
        lived.day.database,
        "select distinct l.merchant_code, s.sellable_qty from core.sellable as s join core.order_lines as l using (sku_id) "
        "where l.kind = 'goods' and l.merchant_code is not null",
    )
    shown = {code: pieces for (_, code), (_, pieces) in lived.day.box.world.offered.items()}

    assert shown == dict(sellable)
    assert shown["MG-012"] > 0


def test_two_days_leave_nothing_undone_and_no_invariant_broken(lived: Lived):
    waiting = rows(
        lived.day.database,
        "select order_id from core.orders where order_kind = 'sale' and status not in ('shipped', 'done')",
    )

    assert waiting == []
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
