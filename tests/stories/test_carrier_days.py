"""What a carrier takes in a day, its days off, and the days on which goods may leave: to the numbers that were told.

Three days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF, FILES, Day, own_day, tagged_goods
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import URUMQI

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY, WEDNESDAY = "20261124T020000Z", "20261125T020000Z"
HANGZHOU = ("浙江省", "杭州市", "西湖区")
MORE = {
    "carriers.yaml": """\
carriers:
  - id: zto
    name: 中通
    codes: {wms: ZTO}
    not_served: [remote]
    daily_orders: 2
    freight: [{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}]
  - id: post
    name: 邮政
    codes: {wms: POSTB}
    serves: [remote]
    daily_orders: 1
    freight: [{first_g: 1000, first: "9.00", next_g: 1000, next: "5.00"}]
  - id: sf
    name: 顺丰
    codes: {wms: SF}
    asked_as: [顺丰]
    not_served: [remote]
    freight: [{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}]
needs: {}
ship_weekdays: {周一三发: [1, 3]}
""",
    "calendar.csv": """\
kind,id,from,to,what,comment
carrier,post,2026-11-23,2026-11-23,closed,网点休息
carrier,zto,2026-11-25,2026-11-25,closed,网点休息
""",
    "skus.csv": tagged_goods(CB_016="周一三发"),
    "routing.yaml": FILES["routing.yaml"],
}


class Lived(LivedDay):
    """Three days that are over, their orders by story, and what was said of some meanwhile."""

    def buy(self, story: str, *codes: str, to: tuple[str, str, str] = HANGZHOU, note: str = "") -> None:
        """Let an order come and be decided, and note by whom it was to go."""
        self.orders[story] = self.day.buy(*codes or ("MG-012",), to=to, note=note)
        self.day.work()
        self.seen[story] = self.carriers(story)

    def carriers(self, story: str) -> list[str | None]:
        """Return by whom each document of an order goes."""
        return [fate.carrier for fate in self.day.fates(self.orders[story])]

    def told(self, story: str) -> list[str]:
        """Return by whom the platform was told that an order goes."""
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]


def sent(day: Day, instant: timedelta) -> None:
    day.through(CUTOFF + instant)


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=20, CB_016=5)
    day.lay_in("yiwu", MG_012=9)
    for story in ("first", "second", "over"):
        lived.buy(story)
    lived.buy("of a market day", "CB-016", note="麻烦发顺丰")
    day.happens(lived.orders["second"], "memo")
    day.work()
    lived.seen["second with a memo"] = lived.carriers("second")
    day.happens(lived.orders["first"], "refund")
    day.work()
    lived.buy("heir")
    lived.buy("far", to=URUMQI)
    lived.seen["why far waits"] = lived.said("far")
    day.until(CUTOFF - 9 * HOUR)
    lived.buy("far and over", to=URUMQI)
    lived.seen["far on the next day"] = lived.carriers("far")
    lived.seen["why far and over waits"] = lived.said("far and over")
    lived.buy("next day")
    sent(day, timedelta())
    lived.buy("before a day off")
    sent(day, DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "carrier_days", more=MORE) as day:
        yield live(day)


def test_what_is_over_a_carriers_day_goes_by_the_next_and_a_new_day_begins_anew(lived: Lived):
    assert [lived.seen[story] for story in ("first", "second", "over", "next day")] == [
        ["zto"],
        ["zto"],
        ["sf"],
        ["zto"],
    ]
    assert "zto 4.00 元 当天已满" in lived.said("over")
    assert [lived.told(story) for story in ("second", "over", "next day")] == [["ZTO"], ["SF"], ["ZTO"]]


def test_an_order_keeps_its_place_when_something_is_written_on_it(lived: Lived):
    assert lived.seen["second with a memo"] == ["zto"]


def test_a_cancelled_order_gives_its_place_back(lived: Lived):
    assert lived.told("first") == []
    assert (lived.seen["heir"], lived.told("heir")) == (["zto"], ["ZTO"])


def test_what_only_a_full_carrier_takes_waits_and_leaves_on_its_next_day(lived: Lived):
    assert (lived.seen["far on the next day"], lived.seen["far and over"]) == (["post"], [None])
    assert "no_carrier" in lived.seen["why far and over waits"]
    assert lived.left("far") == [("yiwu", "shipped", TUESDAY)]
    assert lived.left("far and over") == [("yiwu", "shipped", WEDNESDAY)]
    assert lived.told("far and over") == ["POSTB"]


def test_goods_leave_on_their_weekdays_only_also_when_the_list_of_one_was_missed(lived: Lived):
    assert lived.left("of a market day") == [("hangzhou", "shipped", WEDNESDAY)]
    assert lived.told("of a market day") == ["SF"]


def test_what_a_carrier_has_not_got_before_its_day_off_goes_by_the_next(lived: Lived):
    assert lived.seen["before a day off"] == ["zto"]
    assert lived.left("before a day off") == [("hangzhou", "shipped", WEDNESDAY)]
    assert "zto 4.00 元 今天不上班" in lived.said("before a day off")
    assert lived.told("before a day off") == ["SF"]


def test_what_only_a_carrier_on_its_day_off_takes_is_not_held_and_leaves_when_it_works_again(lived: Lived):
    assert lived.seen["far"] == [None]
    assert "今天都不上班,等到 2026-11-24" in lived.seen["why far waits"]
    assert "no_carrier" not in lived.said("far")
    assert (lived.left("far"), lived.told("far")) == ([("yiwu", "shipped", TUESDAY)], ["POSTB"])


def test_days_of_carriers_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
