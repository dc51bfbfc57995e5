"""What comes back broken, what was forgotten in the box, what is the platform's own to send.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from sandbox.world.catalog import BY_CODE
from sandbox.world.model import AfterSaleKind, Order
from tests.builders import rows
from tests.stories.day import CUTOFF, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import URUMQI

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
RETURNED = ("as new", "worn", "far as new", "far worn")
TOWEL = BY_CODE["TW-017-GRY"].sku_id


class Lived(LivedDay):
    """Two days that are over, and their orders by the story they show."""

    def told(self, story: str) -> list[dict[str, int]]:
        """Return the pieces per line of each parcel that the platform knows of an order."""
        return [pieces for _, _, pieces in self.day.numbers(self.orders[story])]


def noon(day: Day) -> dict[str, Order]:
    """Let the buyers of the first day buy the last two of a thing here and there, and what is the platform's."""
    day.lay_in("hangzhou", MG_012=20, CB_016=9, TW_017_GRY=2)
    day.lay_in("yiwu", TW_017_GRY=0, MG_012=2)
    orders = {
        "as new": day.buy("TW-017-GRY"),
        "worn": day.buy("TW-017-GRY"),
        "far as new": day.buy("MG-012", to=URUMQI),
        "far worn": day.buy("MG-012", to=URUMQI),
        "forgotten": day.buy("MG-012", pieces=2),
        "partly theirs": day.buy("MG-012", "CB-016"),
        "all theirs": day.buy("MG-012"),
    }
    for story in ("partly theirs", "all theirs"):
        orders[story].lines[-1].is_fulfilled_by_platform = True
    return orders


def second_thoughts(day: Day, orders: dict[str, Order]) -> None:
    """Send everything back, half of it spoilt; tell of a piece that was not in the box."""
    for what in ("return", "advance"):
        for story in RETURNED:
            day.happens(orders[story], what)
    day.claims(orders["forgotten"], AfterSaleKind.RESHIP, 1)
    day.happens(orders["forgotten"], "advance")
    day.work()
    announced = requests.get(f"{day.base}/admin/wms", timeout=20).json()["returns"]
    good, spoilt = sorted(one["code"] for one in announced if TOWEL in one["planned"])
    day.wms({"returned": [[good, TOWEL, 1, 0], [spoilt, TOWEL, 0, 1]]})
    grades = [
        (orders[story].order_id, BY_CODE["MG-012"].sku_id, 1, grade)
        for story, grade in (("far as new", "良品"), ("far worn", "残次"))
    ]
    day.drop_sheet("yiwu", "returns.xlsx", ("订单号", "商品编码", "数量", "品级"), *grades)
    day.work()
    for story in RETURNED:
        day.happens(orders[story], "advance")


def live(day: Day) -> Lived:
    orders = noon(day)
    day.work()
    day.through(CUTOFF)
    second_thoughts(day, orders)
    orders |= {
        "heir": day.buy("TW-017-GRY"),
        "too late": day.buy("TW-017-GRY"),
        "far heir": day.buy("MG-012", to=URUMQI),
        "far too late": day.buy("MG-012", to=URUMQI),
    }
    for _ in range(2):
        day.work()
    day.through(CUTOFF + DAY)
    return Lived(day, orders)


#: The merchant's own shop each time, one more on request.
PLATFORMS = ["miniprogram", pytest.param("douyin", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"after_the_sale_{request.param}"
    with own_day(server, tmp_path_factory, name, request.param) as day:
        yield live(day)


def test_of_two_pieces_that_came_back_to_a_wms_the_good_one_is_sold_and_the_spoilt_one_never(lived: Lived):
    held = rows(
        lived.day.database,
        f"select on_hand, reserved from core.stock where warehouse_id = 'hangzhou' and sku_id = '{TOWEL}'",
    )

    assert lived.left("as new") == lived.left("worn") == [("hangzhou", "shipped", FIRST)]
    assert lived.left("heir") == [("hangzhou", "shipped", SECOND)]
    assert len(lived.told("heir")) == 1
    assert (lived.left("too late"), lived.told("too late")) == ([(None, None, None)], [])
    assert held == [(0, 0)]


def test_a_sheet_says_which_of_two_pieces_is_good_and_only_that_one_is_sold(lived: Lived):
    assert lived.left("far as new") == lived.left("far worn") == [("yiwu", "shipped", FIRST)]
    assert lived.left("far heir") == [("yiwu", "shipped", SECOND)]
    assert len(lived.told("far heir")) == 1
    assert (lived.left("far too late"), lived.told("far too late")) == ([(None, None, None)], [])


def test_a_piece_that_was_forgotten_is_sent_again_once_without_payment(lived: Lived):
    made = lived.orders["forgotten"].after_sales[0].after_sale_id
    sent = rows(
        lived.day.database,
        "select f.state, l.sku_id, l.quantity::int, o.paid_fen, w.state from core.orders as o "
        "join core.order_lines as l using (order_id) join core.fulfillment_orders as f using (order_id) "
        f"join core.tracking_writes as w using (order_id) where o.order_id like '%{made}'",
    )

    assert lived.left("forgotten") == [("hangzhou", "shipped", FIRST)]
    assert sent == [("shipped", BY_CODE["MG-012"].sku_id, 1, 0, "by_hand")]


def test_of_an_order_that_is_partly_the_platforms_own_line_only_ours_leaves_and_is_told(lived: Lived):
    ours, _ = lived.orders["partly theirs"].lines
    [code] = lived.day.codes(lived.orders["partly theirs"])
    [document] = [one for one in lived.day.ledger() if one["code"] == code]

    assert document["items"] == {BY_CODE["MG-012"].sku_id: 1}
    assert lived.left("partly theirs") == [("hangzhou", "shipped", FIRST)]
    assert lived.told("partly theirs") == [{ours.line_id: 1}]


def test_what_the_platform_sends_itself_is_never_promised_or_sent(lived: Lived):
    order_id = f"{lived.day.box.shop_id}/{lived.orders['all theirs'].order_id}"
    promised = rows(
        lived.day.database, f"select count(*)::int from core.reservations where order_id = '{order_id}'"
    )

    assert (lived.left("all theirs"), lived.told("all theirs")) == ([(None, None, None)], [])
    assert promised == [(0,)]


def test_after_the_sale_no_invariant_is_broken(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
