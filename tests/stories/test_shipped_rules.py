"""The rules and carriers that the hub ships with, as they are: the east from Hangzhou first, far regions from Yiwu.

One day is lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator

import pytest

from orderhub import paths
from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF, Day, Fate, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import CHENGDU, HANGZHOU, URUMQI, YIWU

SHANGHAI = ("上海市", "上海市", "浦东新区")


def shipped(*names: str) -> dict[str, str]:
    """Return files of the configuration that the hub ships with."""
    folder = paths.shipped_config_directory()
    return {name: (folder / name).read_text(encoding="utf-8") for name in names}


class Lived(LivedDay):
    """A day that is over, and its orders by story."""

    def fates(self, story: str) -> list[Fate]:
        return self.day.fates(self.orders[story])

    def told(self, story: str) -> list[str]:
        """Return by whom the platform was told that an order goes, parcel by parcel."""
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", CB_016=9, MG_011_BLU=0)
    day.lay_in("yiwu", CB_016=9, MG_011_BLU=9)
    lived.orders = {
        "east": day.buy("CB-016", to=SHANGHAI),
        "short in the east": day.buy("MG-011-BLU"),
        "far": day.buy("CB-016", to=URUMQI),
        "elsewhere": day.buy("CB-016", to=CHENGDU),
    }
    day.work()
    day.through(CUTOFF)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    files = shipped("routing.yaml", "routing/double11.yaml", "regions.csv", "carriers.yaml")
    with own_day(server, tmp_path_factory, "shipped_rules", more=files) as day:
        yield live(day)


def test_the_east_is_served_from_hangzhou_and_from_yiwu_what_hangzhou_lacks(lived: Lived):
    backup = Fate("shipped", "allocated", "jiangzhehu", "yiwu", "yto", "shipped", YIWU)

    assert lived.fates("east") == [
        Fate("shipped", "allocated", "jiangzhehu", "hangzhou", "yto", "shipped", HANGZHOU)
    ]
    assert lived.fates("short in the east") == [backup]
    assert [lived.told(story) for story in ("east", "short in the east")] == [["YTO"], ["YTO"]]


def test_far_regions_are_served_from_yiwu_by_post(lived: Lived):
    assert lived.fates("far") == [Fate("shipped", "allocated", "remote", "yiwu", "post", "shipped", YIWU)]
    assert len(lived.told("far")) == 1


def test_all_others_are_served_from_hangzhou(lived: Lived):
    assert lived.fates("elsewhere") == [
        Fate("shipped", "allocated", "elsewhere", "hangzhou", "zto", "shipped", HANGZHOU)
    ]
    assert lived.told("elsewhere") == ["ZTO"]


def test_the_shipped_rules_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
