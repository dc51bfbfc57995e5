"""When an order goes on a list: not within minutes of its coming, on the next of several a day, or not after it expired.

Three days are lived on a platform that says by when an order must leave; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import URUMQI

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MORNING, AFTERNOON = "20261124T020000Z", "20261124T073000Z"
NEXT = "20261125T020000Z"
LATE = CUTOFF + timedelta(hours=5, minutes=30)
MORE = {
    "warehouses.yaml": FILES["warehouses.yaml"].replace(
        'cutoffs: ["10:00"]', 'cutoffs: ["10:00", "15:30"]', 1
    ),
    "carriers.yaml": """\
carriers:
  - id: zto
    name: 中通
    codes: {wms: ZTO}
    cutoff: "12:00"
    not_served: [remote]
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}]
  - id: sf
    name: 顺丰
    codes: {wms: SF}
    not_served: [remote]
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}]
""",
    "routing.yaml": "reservation_days: 1\n" + FILES["routing.yaml"],
}


class Lived(LivedDay):
    """Three days that are over, and their orders by story."""

    def told(self, story: str) -> list[str]:
        """Return by whom the platform was told that an order goes, parcel by parcel."""
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]


def tuesday(day: Day) -> Lived:
    """Live from Monday noon over both lists of Tuesday."""
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=9, HT_010_RED=0, TW_017_GRY=0)
    day.lay_in("yiwu", MG_012=1)
    lived.orders["out of stock"] = day.buy("HT-010-RED")
    lived.orders["nobody goes there"] = day.buy("MG-012", to=URUMQI)
    day.work()
    day.until(CUTOFF - 18 * HOUR)
    lived.orders["early"] = day.buy("MG-012")
    lived.orders["due in the afternoon"] = day.buy("TW-017-GRY")
    day.work()
    day.until(CUTOFF - 20 * MINUTE)
    lived.orders["a moment ago"] = day.buy("MG-012")
    day.work()
    day.until(CUTOFF + MINUTE)
    day.hand_over()
    lived.seen["at ten"] = {story: lived.left(story) for story in lived.orders}
    day.through(LATE)
    lived.seen["a day later"] = (lived.left("nobody goes there"), lived.said("nobody goes there"))
    return lived


def wednesday(lived: Lived) -> None:
    """Let goods come minutes before the list of the morning, and others after noon."""
    day = lived.day
    day.until(CUTOFF + DAY - 20 * MINUTE)
    day.lay_in("hangzhou", HT_010_RED=1)
    day.work()
    day.until(CUTOFF + DAY + MINUTE)
    day.hand_over()
    day.until(CUTOFF + DAY + 3 * HOUR)
    day.lay_in("hangzhou", TW_017_GRY=1)
    day.box.apply({"carriers.yaml": MORE["carriers.yaml"].replace("    not_served: [remote]\n", "")})
    day.through(LATE + DAY)
    day.through(CUTOFF + 2 * DAY)


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "times_of_lists", "taobao", MORE) as day:
        lived = tuesday(day)
        wednesday(lived)
        yield lived


def test_what_came_minutes_before_a_list_goes_on_the_next_one_of_that_day(lived: Lived):
    assert lived.seen["at ten"]["early"] == [("hangzhou", "manifested", MORNING)]
    assert lived.seen["at ten"]["a moment ago"] == [("hangzhou", "allocated", None)]
    assert lived.left("a moment ago") == [("hangzhou", "shipped", AFTERNOON)]
    assert [lived.told(story) for story in ("early", "a moment ago")] == [["ZTO"], ["ZTO"]]


def test_what_would_be_late_on_the_next_list_does_not_settle(lived: Lived):
    assert lived.left("out of stock") == [("hangzhou", "shipped", NEXT)]
    assert lived.told("out of stock") == ["ZTO"]


def test_what_must_leave_today_goes_by_a_carrier_that_still_takes_it(lived: Lived):
    assert lived.left("due in the afternoon") == [("hangzhou", "shipped", "20261125T073000Z")]
    assert "zto 4.00 元 过了揽收截止" in lived.said("due in the afternoon")
    assert lived.told("due in the afternoon") == ["SF"]


def test_a_promise_that_no_list_took_expires_and_its_order_still_leaves_once(lived: Lived):
    left, said = lived.seen["a day later"]

    assert left[0] == ("yiwu", "cancelled", None)
    assert "promise_expired" in said
    assert [state for _, state, _ in lived.left("nobody goes there")].count("shipped") == 1
    assert len(lived.told("nobody goes there")) == 1


def test_times_of_lists_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
