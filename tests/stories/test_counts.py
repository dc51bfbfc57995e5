"""What a WMS counts and what it has sent: no piece is promised twice, and none is missed twice.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.stories.day import CUTOFF, Day, own_day
from tests.stories.lived import LivedDay
from tests.wms.asking import confirm_shipments

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
UNANSWERED = {"kind": "busy", "method": "deliveryorder.query", "times": 99}


class Lived(LivedDay):
    """Two days that are over, and their orders by story."""

    def told(self, story: str) -> int:
        """Return how many numbers the platform knows of an order."""
        return len(self.day.numbers(self.orders[story]))

    def figures(self) -> tuple[int, int]:
        """Return on hand and reserved of what the stories are about."""
        [found] = rows(
            self.day.database,
            "select on_hand, reserved from core.stock where warehouse_id = 'hangzhou' and sku_id = 'SKU-MG011-GRN'",
        )
        return int(found[0]), int(found[1])


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", MG_011_GRN=3)
    lived.orders["sent"] = day.buy("MG-011-GRN")
    day.work()
    day.cut_off(CUTOFF)
    lived.orders["while it is locked"] = day.buy("MG-011-GRN")
    day.work()
    lived.seen["locked"] = (lived.figures(), lived.left("while it is locked"))
    day.wms({"ship": "all", "faults": [UNANSWERED]})
    lived.orders["third"] = day.buy("MG-011-GRN")
    lived.orders["fourth"] = day.buy("MG-011-GRN")
    day.work()
    lived.seen["counted before it is told"] = lived.figures()
    day.wms({"faults": []})
    confirm_shipments(day.database, day.box.clock, day.settings, day.box.config)
    run_fulfillment(day.database, day.box.clock, day.box.config)
    lived.seen["told"] = (lived.figures(), lived.left("third"), lived.left("fourth"))
    day.deliver()
    day.wms({"faults": [{"kind": "busy", "method": "inventory.query", "times": 99}]})
    for _ in range(2):
        day.work()
    lived.orders["of an old figure"] = day.buy("MG-012")
    day.work()
    day.wms({"faults": []})
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "counts") as day:
        yield live(day)


def test_what_a_wms_has_locked_for_a_list_is_not_promised_again_and_does_not_count_twice(lived: Lived):
    figures, left = lived.seen["locked"]

    assert figures == (3, 2)
    assert left == [("hangzhou", "allocated", None)]
    assert lived.left("while it is locked") == [("hangzhou", "shipped", SECOND)]
    assert lived.told("while it is locked") == 1


def test_a_parcel_that_was_counted_as_gone_before_it_was_told_of_is_taken_off_once(lived: Lived):
    figures, third, _ = lived.seen["told"]

    assert lived.seen["counted before it is told"] == (2, 2)
    assert figures == (2, 2)
    assert third == [("hangzhou", "allocated", None)]
    assert lived.left("third") == [("hangzhou", "shipped", SECOND)]
    assert (lived.left("sent"), lived.told("sent")) == ([("hangzhou", "shipped", FIRST)], 1)
    assert lived.told("third") == 1


def test_no_more_leaves_than_there_was(lived: Lived):
    assert lived.seen["told"][2] == [(None, None, None)]
    assert lived.told("fourth") == 0
    assert lived.figures() == (0, 0)


def test_a_figure_of_more_than_a_quarter_of_an_hour_is_marked_and_still_sends(lived: Lived):
    assert "(数字旧)" in lived.said("of an old figure")
    assert lived.left("of an old figure") == [("hangzhou", "shipped", SECOND)]
    assert lived.told("of an old figure") == 1


def test_counts_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
