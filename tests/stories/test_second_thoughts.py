"""Buyers who change their minds, and then change them back, while a warehouse holds the parcel.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from orderhub.alerts.watch import look_around
from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from tests.builders import rows
from tests.stories.day import CUTOFF, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_two_days import DAY, FIRST, LHASA, SECOND

RECALLS = ("parcel_to_old_address", "recall_by_hand", "recall_requested", "wms_recall_refused")


@dataclass
class Lived(LivedDay):
    """Two days that are over, their orders by story, and whom people were told of at each moment."""

    told: dict[str, dict[str, str]] = field(default_factory=dict)

    def look(self, moment: str) -> None:
        """Note which orders' parcels people are told to stop, by story."""
        look_around(self.day.database, self.day.box.clock, self.day.box.config)
        alerts = dict(
            rows(
                self.day.database,
                "select split_part(subject, '@', 1), rule_id from ops.alerts where closed_at is null "
                f"and rule_id in {RECALLS}",
            )
        )
        story_of = {self.order_id(story): story for story in self.orders}
        self.told[moment] = {story_of[str(order_id)]: str(rule) for order_id, rule in alerts.items()}

    def code(self, story: str) -> str:
        """Return the code of an order's first document at the WMS."""
        return f"{self.day.box.shop_id}-{self.orders[story].order_id}-1"


def handed_over(day: Day) -> Lived:
    """Live until the first cut-off; two parcels are picked before anybody thinks again."""
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=20)
    day.lay_in("yiwu", MG_012=20)
    lived.orders = {
        "thought again": day.buy("MG-012"),
        "kept": day.buy("MG-012"),
        "moved back": day.buy("MG-012"),
        "asked twice": day.buy("MG-012"),
        "by files": day.buy("MG-012", to=LHASA),
        "asked both ways": day.buy("MG-012"),
    }
    day.work()
    day.cut_off(CUTOFF)
    day.wms({"pick": [lived.code(story) for story in ("kept", "moved back", "asked twice")]})
    return lived


def live(day: Day) -> Lived:
    lived = handed_over(day)
    orders = lived.orders
    here = orders["moved back"].receiver
    for story in ("thought again", "kept", "asked twice", "by files"):
        day.happens(orders[story], "refund")
    day.happens(orders["moved back"], "address")
    orders["asked both ways"].seller_memo = "买家要改地址"
    day.happens(orders["asked both ways"], "request_address")
    day.work()
    lived.look("first thoughts")
    for story in ("thought again", "kept", "asked twice", "by files"):
        day.happens(orders[story], "withdraw")
    orders["moved back"].receiver = here
    day.happens(orders["moved back"], "memo")
    day.work()
    lived.look("second thoughts")
    day.happens(orders["asked twice"], "refund")
    day.work()
    lived.look("third thoughts")
    day.happens(orders["asked twice"], "withdraw")
    day.work()
    day.send_everything()
    day.happens(orders["asked both ways"], "allow_address")
    day.work()
    for hold_id in holds_of_rule(day.database, lived.order_id("asked both ways"), "memo_instruction"):
        decide(
            day.database,
            day.box.clock,
            Decision(hold_id, Choice.RELEASE, "the platform has the new one", "lead"),
        )
    day.work()
    day.through(CUTOFF + DAY)
    lived.look("the end")
    return lived


#: The merchant's own shop each time, one more that reviews addresses on request.
PLATFORMS = ["miniprogram", pytest.param("douyin", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"second_thoughts_{request.param}"
    with own_day(server, tmp_path_factory, name, request.param) as day:
        yield live(day)


def test_a_refund_that_is_withdrawn_after_the_warehouse_gave_the_parcel_back_leaves_tomorrow(lived: Lived):
    assert lived.left("thought again") == [("hangzhou", "cancelled", None), ("hangzhou", "shipped", SECOND)]
    assert len(lived.day.numbers(lived.orders["thought again"])) == 1


def test_a_refund_that_is_withdrawn_while_the_warehouse_keeps_the_parcel_stops_nobody_any_more(lived: Lived):
    assert lived.told["first thoughts"]["kept"] == "wms_recall_refused"
    assert "kept" not in lived.told["second thoughts"]
    assert lived.left("kept") == [("hangzhou", "shipped", FIRST)]
    assert len(lived.day.numbers(lived.orders["kept"])) == 1


def test_an_address_that_is_what_it_was_again_needs_nobody_to_stop_the_parcel(lived: Lived):
    assert lived.told["first thoughts"]["moved back"] == "parcel_to_old_address"
    assert "moved back" not in lived.told["second thoughts"]
    assert lived.left("moved back") == [("hangzhou", "shipped", FIRST)]
    assert len(lived.day.numbers(lived.orders["moved back"])) == 1


def test_a_refund_that_is_asked_for_again_is_a_question_of_its_own(lived: Lived):
    asked = rows(
        lived.day.database,
        f"select count(*)::int from ops.outbox where starts_with(outbox_id, 'wms:cancel:{lived.code('asked twice')}')",
    )

    assert "asked twice" not in lived.told["second thoughts"]
    assert lived.told["third thoughts"] == {"asked twice": "wms_recall_refused"}
    assert asked == [(2,)]


def test_nobody_calls_a_warehouse_without_a_wms_for_a_refund_that_is_withdrawn(lived: Lived):
    assert lived.told["first thoughts"]["by files"] == "recall_by_hand"
    assert "by files" not in lived.told["second thoughts"]
    assert lived.left("by files") == [("yiwu", "shipped", FIRST)]
    assert len(lived.day.numbers(lived.orders["by files"])) == 1


def test_an_address_under_review_is_recalled_also_where_a_check_holds_the_order_for_it(lived: Lived):
    assert lived.left("asked both ways") == [("hangzhou", "cancelled", None), ("hangzhou", "shipped", SECOND)]
    assert len(lived.day.numbers(lived.orders["asked both ways"])) == 1


def test_second_thoughts_leave_nothing_open_and_no_invariant_broken(lived: Lived):
    held = rows(lived.day.database, "select rule_id, subject_id from core.holds where state = 'active'")

    assert (lived.told["the end"], held) == ({}, [])
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
