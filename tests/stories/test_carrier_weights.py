"""Shares, days and prices of carriers that a merchant changes in a file: what comes afterwards goes by them.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF, Day, own_day
from tests.stories.lived import LivedDay

pytestmark = pytest.mark.slow

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
CARRIERS = """\
carriers:
  - id: zto
    name: 中通
    codes: {{wms: ZTO}}
    capabilities: [fragile]
    freight: [{{first_g: 1000, first: "{zto}", next_g: 1000, next: "1.50"}}]
  - id: post
    name: 邮政
    codes: {{wms: POSTB}}
    capabilities: [fragile]
    freight: [{{first_g: 1000, first: "9.00", next_g: 1000, next: "5.00"}}]
  - id: sf
    name: 顺丰
    codes: {{wms: SF}}
    capabilities: [fragile]
    freight: [{{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}}]
rules:
  - id: tuesday
    since: "2026-11-24"
    until: "2026-11-24"
    when: {{region: [remote]}}
    carriers: [sf]
    reason: {{zh: 一天的大促, en: a sale of a day}}
  - id: shared
    when: {{region: [jiangzhehu]}}
    carriers: [zto, post, sf]
    shares: {{{shares}}}
    reason: {{zh: 份额, en: shares}}
"""
URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")
#: Enough that two of three go by the carrier of the larger share, and not all of them.
MANY = 9


def carriers(zto: str = "4.00", shares: str = "zto: 1") -> dict[str, str]:
    return {"carriers.yaml": CARRIERS.format(zto=zto, shares=shares)}


class Lived(LivedDay):
    """Two days that are over, and their orders by story."""

    def buy(self, *stories: str, to: tuple[str, str, str] = ("浙江省", "杭州市", "西湖区")) -> None:
        """Let orders come and be decided."""
        for story in stories:
            self.orders[story] = self.day.buy("MG-012", to=to)
        self.day.work()
        for story in stories:
            self.seen[story] = [fate.carrier for fate in self.day.fates(self.orders[story])]

    def told(self, story: str) -> list[str]:
        """Return by whom the platform was told that an order goes."""
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=40)
    day.lay_in("yiwu", MG_012=40)
    lived.buy("before")
    lived.buy("far before", to=URUMQI)
    day.box.apply(carriers(shares="sf: 2, post: 1"))
    lived.buy(*(f"after {number}" for number in range(MANY)))
    day.until(CUTOFF - 9 * HOUR)
    lived.buy("far on the day", to=URUMQI)
    day.cut_off(CUTOFF)
    day.send_everything()
    day.box.apply(carriers(zto="9.50"))
    day.until(CUTOFF + 15 * HOUR)
    lived.buy("far afterwards", to=URUMQI)
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "carrier_weights", more=carriers()) as day:
        yield live(day)


def test_shares_that_a_file_changes_are_drawn_by_what_comes_after_it(lived: Lived):
    after = [f"after {number}" for number in range(MANY)]
    told = [carrier for story in after for carrier in lived.told(story)]

    assert (len(told), set(told)) == (MANY, {"SF", "POSTB"})
    assert told.count("SF") > told.count("POSTB")
    assert [lived.left(story) for story in after] == [[("hangzhou", "shipped", FIRST)]] * MANY


def test_what_had_its_carrier_before_the_file_was_changed_keeps_it(lived: Lived):
    assert lived.seen["before"] == ["zto"]
    assert lived.left("before") == [("hangzhou", "shipped", FIRST)]
    assert lived.told("before") == ["ZTO"]


def test_a_rule_with_days_is_read_on_them_and_the_cheapest_goes_before_and_after(lived: Lived):
    assert [lived.seen[story] for story in ("far before", "far on the day")] == [["zto"], ["sf"]]
    assert [lived.told(story) for story in ("far before", "far on the day")] == [["ZTO"], ["SF"]]


def test_a_price_that_a_file_changes_decides_who_is_the_cheapest_from_then_on(lived: Lived):
    assert lived.left("far afterwards") == [("yiwu", "shipped", SECOND)]
    assert lived.told("far afterwards") == ["POSTB"]
    assert "post 9.00 元 选中" in lived.said("far afterwards")


def test_weights_of_carriers_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
