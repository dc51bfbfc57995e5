"""A bonded warehouse ships only what customs are told of, and no platform tells: nothing ordinary leaves from there.

No platform of the hub gives customs fields in its orders; so all that a bonded warehouse may do is to take none.
Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.platforms.shop_in_a_box import shop_of
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import PLATFORMS, URUMQI

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
ORDINARY = FILES["warehouses.yaml"].replace("    name: 杭州仓\n", "    name: 杭州仓\n    backup: yiwu\n")
BONDED = ORDINARY.replace("    name: 义乌保税仓\n", "    name: 义乌保税仓\n    kind: bonded\n")
WHY = "yiwu 保税仓,订单没有报关信息"


class Lived(LivedDay):
    """Two days that are over, their orders by story, and what was said of them while the warehouse was bonded."""

    def note(self, moment: str, *stories: str) -> None:
        """Note of each order where its documents are, and what is said of it."""
        self.seen[moment] = {story: (self.left(story), self.said(story)) for story in stories}

    def told(self, story: str) -> int:
        """Return how many numbers the platform knows of an order."""
        return len(self.day.numbers(self.orders[story]))


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=9, HT_010_RED=0, CB_016=0)
    day.lay_in("yiwu", MG_012=9, HT_010_RED=5, CB_016=5)
    lived.orders["promised before"] = day.buy("HT-010-RED")
    day.work()
    lived.note("promised", "promised before")
    day.box.apply({"warehouses.yaml": BONDED})
    lived.orders |= {
        "elsewhere": day.buy("MG-012"),
        "only there": day.buy("CB-016"),
        "by its rule": day.buy("MG-012", to=URUMQI),
    }
    day.work()
    lived.seen["offered"] = {code: pieces for (_, code), (_, pieces) in day.box.world.offered.items()}
    day.through(CUTOFF)
    lived.note("bonded", *lived.orders)
    lived.seen["told while bonded"] = {story: lived.told(story) for story in lived.orders}
    day.lay_in("yiwu", MG_012=9, HT_010_RED=5, CB_016=5)
    day.box.apply({"warehouses.yaml": ORDINARY})
    day.work()
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    files = {
        "warehouses.yaml": ORDINARY,
        "shares.csv": f"shop_id,sku_id,percent\n{shop_of(request.param)},*,100\n",
    }
    platform, keys = request.param, "    push_stock: true\n"
    with own_day(server, tmp_path_factory, f"bonded_{platform}", platform, files, keys) as day:
        yield live(day)


def test_an_ordinary_order_leaves_from_the_ordinary_warehouse(lived: Lived):
    assert lived.left("elsewhere") == [("hangzhou", "shipped", FIRST)]
    assert lived.told("elsewhere") == 1


@pytest.mark.parametrize("story", ["only there", "by its rule"])
def test_what_only_a_bonded_warehouse_has_or_may_send_waits_and_the_story_says_why(lived: Lived, story: str):
    left, said = lived.seen["bonded"][story]

    assert left == [(None, None, None)]
    assert WHY in said
    assert lived.seen["told while bonded"][story] == 0


def test_what_was_promised_before_the_warehouse_became_bonded_does_not_leave_from_it(lived: Lived):
    assert lived.seen["promised"]["promised before"][0] == [("yiwu", "allocated", None)]
    assert lived.seen["bonded"]["promised before"][0] == [("yiwu", "cancelled", None)]
    assert WHY in lived.seen["bonded"]["promised before"][1]
    assert lived.seen["told while bonded"]["promised before"] == 0


def test_what_lies_in_a_bonded_warehouse_is_offered_in_no_shop(lived: Lived):
    assert lived.seen["offered"]["MG-012"] == 8
    assert lived.seen["offered"]["CB-016"] == 0


def test_what_waited_leaves_once_the_warehouse_is_an_ordinary_one_and_its_number_is_told(lived: Lived):
    for story in ("only there", "by its rule"):
        assert lived.left(story) == [("yiwu", "shipped", SECOND)]
        assert lived.told(story) == 1
    assert lived.left("promised before")[-1] == ("yiwu", "shipped", SECOND)
    assert lived.told("promised before") == 1


def test_a_bonded_warehouse_breaks_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
