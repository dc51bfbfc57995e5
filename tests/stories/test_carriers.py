"""Whom a platform says must carry: its own word comes before the merchant's rules and prices, and is what it is told.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
YTO = """\
  - id: yto
    name: 圆通
    codes: {wms: YTO}
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "30.00", next_g: 1000, next: "9.00"}]
"""


class Lived(LivedDay):
    """Two days that are over, their orders by story, and what was said on the first."""

    def carriers(self, story: str) -> list[str]:
        """Return by whom the platform was told that an order goes."""
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=20)
    lived.orders = {
        "nobody": day.buy("MG-012"),
        "named": day.buy("MG-012"),
        "tagged": day.buy("MG-012"),
        "against the buyer": day.buy("MG-012", note="麻烦发顺丰"),
        "not ours": day.buy("MG-012"),
    }
    for story, carrier in (("named", "SF"), ("against the buyer", "ZTO"), ("not ours", "YTO")):
        lived.orders[story].required_carrier = carrier
    lived.orders["tagged"].service_tags = ("sf_only",)
    day.work()
    day.through(CUTOFF)
    lived.seen["not ours"] = (lived.left("not ours"), lived.carriers("not ours"), lived.said("not ours"))
    day.box.apply({"carriers.yaml": FILES["carriers.yaml"].replace("PLATFORM", "miniprogram") + YTO})
    day.work()
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "carriers") as day:
        yield live(day)


def test_the_carrier_that_the_platform_names_goes_though_another_is_cheaper(lived: Lived):
    assert lived.left("named") == lived.left("nobody") == [("hangzhou", "shipped", FIRST)]
    assert (lived.carriers("nobody"), lived.carriers("named")) == (["ZTO"], ["SF"])


def test_a_service_that_was_promised_to_the_buyer_goes_by_who_gives_it(lived: Lived):
    assert lived.left("tagged") == [("hangzhou", "shipped", FIRST)]
    assert lived.carriers("tagged") == ["SF"]


def test_what_the_platform_names_comes_before_what_the_buyer_asks_for(lived: Lived):
    assert lived.left("against the buyer") == [("hangzhou", "shipped", FIRST)]
    assert lived.carriers("against the buyer") == ["ZTO"]


def test_a_carrier_that_the_merchant_does_not_have_is_waited_for_and_never_replaced(lived: Lived):
    left, told, said = lived.seen["not ours"]

    assert (left, told) == ([("hangzhou", "allocated", None)], [])
    assert "no_carrier" in said
    assert lived.left("not ours") == [("hangzhou", "shipped", SECOND)]
    assert lived.carriers("not ours") == ["YTO"]


def test_carriers_that_were_named_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
