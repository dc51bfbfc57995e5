"""What the tags of goods ask of their parcel: who may carry it, and that it leaves in one.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF, Day, own_day, tagged_goods
from tests.stories.lived import LivedDay

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
MORE = {
    "skus.csv": tagged_goods(MG_012="易碎", TW_017_GRY="生鲜", SC_014_GRY="保价", HT_010_RED="不拆单"),
    "carriers.yaml": """\
carriers:
  - id: zto
    name: 中通
    codes: {wms: ZTO}
    freight: [{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}]
  - id: yto
    name: 圆通
    codes: {wms: YTO}
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "5.00", next_g: 1000, next: "2.00"}]
  - id: sf
    name: 顺丰
    codes: {wms: SF}
    capabilities: [fragile, fresh, insured]
    freight: [{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}]
""",
}


class Lived(LivedDay):
    """Two days that are over, and their orders by story."""

    def told(self, story: str) -> list[str]:
        """Return by whom the platform was told that an order goes, parcel by parcel."""
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", CB_016=9, MG_012=9, TW_017_GRY=3, SC_014_GRY=3, HT_010_RED=2, SK_006_BLK=0)
    day.lay_in("yiwu", SK_006_BLK=3, HT_010_RED=0, CB_016=0)
    lived.orders = {
        "nothing special": day.buy("CB-016"),
        "fragile": day.buy("MG-012"),
        "fresh": day.buy("TW-017-GRY"),
        "insured": day.buy("SC-014-GRY"),
        "fragile and insured": day.buy("MG-012", "SC-014-GRY"),
        "in two parcels": day.buy("CB-016", "SK-006-BLK"),
        "in one parcel": day.buy("HT-010-RED", "SK-006-BLK"),
    }
    day.work()
    lived.seen["in one parcel"] = (lived.left("in one parcel"), lived.said("in one parcel"))
    day.through(CUTOFF)
    lived.seen["told first"] = lived.told("in one parcel")
    day.lay_in("hangzhou", SK_006_BLK=1)
    day.work()
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "goods_by_tag", more=MORE) as day:
        yield live(day)


@pytest.mark.parametrize(
    ("story", "carrier"),
    [
        ("nothing special", "ZTO"),
        ("fragile", "YTO"),
        ("fresh", "SF"),
        ("insured", "SF"),
        ("fragile and insured", "SF"),
    ],
)
def test_goods_go_by_the_cheapest_carrier_that_can_do_what_their_tags_ask(
    lived: Lived, story: str, carrier: str
):
    assert lived.left(story) == [("hangzhou", "shipped", FIRST)]
    assert lived.told(story) == [carrier]


def test_the_story_of_an_order_says_what_the_others_cannot_do(lived: Lived):
    assert "商品标签 易碎" in lived.said("fragile")
    assert "zto 4.00 元 做不到 fragile" in lived.said("fragile")
    assert "yto 5.00 元 做不到 fresh" in lived.said("fresh")


def test_goods_that_stay_together_wait_where_others_leave_in_two_parcels(lived: Lived):
    left, said = lived.seen["in one parcel"]

    assert left == [(None, None, None)]
    assert "不拆" in said
    assert lived.seen["told first"] == []
    assert [warehouse for warehouse, _, _ in lived.left("in two parcels")] == ["hangzhou", "yiwu"]
    assert len(lived.told("in two parcels")) == 2


def test_goods_that_stay_together_leave_in_one_parcel_once_a_warehouse_has_all(lived: Lived):
    assert lived.left("in one parcel") == [("hangzhou", "shipped", SECOND)]
    assert lived.told("in one parcel") == ["ZTO"]


def test_goods_by_tag_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
