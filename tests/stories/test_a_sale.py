"""Rules for some hours of a sale, a warehouse that is full, another that is closed: to the numbers that were told.

Three days are lived; each story looks at the order that shows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import PLATFORMS, URUMQI

FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORE = {
    "routing/sale.yaml": """\
effective: {since: "2026-11-23 14:00", until: "2026-11-23 20:00"}
rules:
  - {id: far, when: {region: [remote]}, warehouses: [yiwu], reason: {zh: 大促偏远, en: sale remote}}
  - {id: relieve, warehouses: [yiwu, hangzhou], reason: {zh: 大促分担, en: sale relieve}}
""",
    "warehouses.yaml": FILES["warehouses.yaml"].replace(
        "    name: 义乌保税仓\n", "    name: 义乌保税仓\n    daily_orders: 2\n"
    ),
    "calendar.csv": "kind,id,from,to,what,comment\nwarehouse,hangzhou,2026-11-25,2026-11-25,closed,盘点日\n",
}


@dataclass
class Lived(LivedDay):
    """Days that are over, their orders by story, and where each was to leave from when it was bought."""

    decided: dict[str, list[tuple[str | None, ...]]] = field(default_factory=dict)

    def buy(self, *stories: str, to: tuple[str, str, str] = ("浙江省", "杭州市", "西湖区")) -> None:
        """Let orders come, one after the other, and be decided."""
        for story in stories:
            self.orders[story] = self.day.buy("MG-012", to=to)
            self.day.work()
            fates = self.day.fates(self.orders[story])
            self.decided[story] = [(fate.outcome, fate.rule, fate.warehouse) for fate in fates]

    def told(self, story: str) -> int:
        """Return how many numbers the platform knows of an order."""
        return len(self.day.numbers(self.orders[story]))


def live(day: Day) -> Lived:
    lived = Lived(day)
    for warehouse in ("hangzhou", "yiwu"):
        day.lay_in(warehouse, MG_012=20)
    lived.buy("before")
    day.until(CUTOFF - 20 * HOUR + timedelta(minutes=5))
    lived.buy("first", "second", "third")
    lived.buy("far", to=URUMQI)
    day.until(CUTOFF - 13 * HOUR)
    lived.buy("after")
    sent(day, CUTOFF)
    lived.buy("closed tomorrow")
    day.until(CUTOFF + 15 * HOUR)
    day.work()
    sent(day, CUTOFF + DAY)
    return lived


def sent(day: Day, instant: datetime) -> None:
    """Live until the parcels of a cut-off have left."""
    day.through(instant)


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"a_sale_{request.param}"
    with own_day(server, tmp_path_factory, name, request.param, more=MORE) as day:
        yield live(day)


def test_rules_of_a_sale_decide_while_it_lasts_and_the_others_before_and_after(lived: Lived):
    assert lived.decided["before"] == lived.decided["after"] == [("allocated", "east", "hangzhou")]
    assert lived.decided["first"] == lived.decided["second"] == [("allocated", "sale/relieve", "yiwu")]
    assert lived.left("before") == lived.left("after") == [("hangzhou", "shipped", FIRST)]
    assert lived.left("first") == lived.left("second") == [("yiwu", "shipped", FIRST)]
    assert [lived.told(story) for story in ("before", "first", "second", "after")] == [1, 1, 1, 1]


def test_what_a_full_warehouse_does_not_take_goes_from_the_next(lived: Lived):
    assert "yiwu 今日已满;hangzhou 选中" in lived.said("third")
    assert lived.left("third") == [("hangzhou", "shipped", FIRST)]
    assert lived.told("third") == 1


def test_what_only_a_full_warehouse_may_ship_waits_for_its_next_day(lived: Lived):
    assert lived.decided["far"] == [("no_warehouse", "sale/far", None)]
    assert lived.left("far") == [("yiwu", "shipped", SECOND)]
    assert lived.told("far") == 1


def test_what_a_warehouse_has_not_got_before_it_closes_leaves_from_elsewhere(lived: Lived):
    assert lived.decided["closed tomorrow"] == [("allocated", "east", "hangzhou")]
    assert lived.left("closed tomorrow") == [("hangzhou", "cancelled", None), ("yiwu", "shipped", SECOND)]
    assert "hangzhou 休息;yiwu 选中" in lived.said("closed tomorrow")
    assert lived.told("closed tomorrow") == 1
    assert [closed.manifest_id for closed in lived.day.closed] == [
        f"hangzhou/{FIRST}",
        f"yiwu/{FIRST}",
        f"yiwu/{SECOND}",
    ]


def test_a_sale_leaves_nothing_undone_and_no_invariant_broken(lived: Lived):
    waiting = rows(
        lived.day.database, "select order_id from core.orders where status not in ('shipped', 'done')"
    )

    assert waiting == []
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
