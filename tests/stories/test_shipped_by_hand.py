"""Somebody ships some pieces of a line at the platform: the rest leaves by a person's word only, and never twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.engine import Database
from orderhub.quality.correct import Correction, correct
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from orderhub.quality.withhold import Withheld, withhold_order
from sandbox.world.model import Order
from tests.builders import rows
from tests.platforms.shop_in_a_box import KEY
from tests.stories.day import CUTOFF, Day, opened_day
from tests.stories.test_cash_at_the_door import hand_over

HELD = "select evidence ->> 'shipped_part' from core.anomalies where rule_id = 'hand_shipment' and state = 'open'"
STATE = "select state from core.holds where rule_id = 'hand_shipment' order by placed_at"
BLOCKED = "select blocked_by from core.line_readiness"
PLANNED = "select quantity from core.manifest_lines where not is_void"


#: The own shop each time; the others on request.
PLATFORMS = ["miniprogram", *(pytest.param(name, marks=pytest.mark.slow) for name in ("douyin", "wechat"))]


@pytest.fixture(params=PLATFORMS)
def day(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Day]:
    """The own shop's lines say how many pieces left; elsewhere the parcels do."""
    with opened_day(database, tmp_path, request.param) as opened:
        opened.lay_in("hangzhou", MG_012=20)
        yield opened


def bought(day: Day) -> Order:
    """An order of four mugs, one of which somebody ships at the platform once they are promised."""
    order = day.buy("MG-012", pieces=4)
    day.work()
    day.happens(order, "part_ship")
    day.work()
    return order


def say(day: Day, order: Order, pieces: int) -> None:
    left = Correction(order_id(day, order), "同事手工发了几件", "li", order.lines[0].line_id, quantity=pieces)
    correct(day.database, day.box.clock, day.box.config, KEY, left)
    day.work()


def order_id(day: Day, order: Order) -> str:
    return f"{day.box.shop_id}/{order.order_id}"


def pieces_sent(day: Day, order: Order) -> int:
    return sum(sum(pieces.values()) for _, _, pieces in day.numbers(order))


def test_it_is_seen_at_once_with_its_numbers_and_what_was_promised_goes_back(day: Day):
    order = bought(day)
    left = pieces_sent(day, order)

    assert rows(day.database, HELD) == [(f"{left}/4",)]
    assert rows(day.database, BLOCKED) == [("line_waits",)]
    assert rows(day.database, "select sum(reserved)::int from core.stock") == [(0,)]


def test_a_release_alone_sends_nothing(day: Day):
    order = bought(day)
    [hold_id] = holds_of_rule(day.database, order_id(day, order), "hand_shipment")

    decide(day.database, day.box.clock, Decision(hold_id, Choice.RELEASE, "知道了", "li"))
    hand_over(day)

    assert (rows(day.database, BLOCKED), rows(day.database, PLANNED)) == ([("line_waits",)], [])


def test_what_a_person_says_is_left_leaves_once_and_is_told(day: Day):
    order = bought(day)
    left = pieces_sent(day, order)

    say(day, order, 4 - left)
    hand_over(day)
    day.send_everything()
    day.work()

    assert (rows(day.database, PLANNED), rows(day.database, STATE)) == ([(4 - left,)], [("closed",)])
    assert pieces_sent(day, order) == 4
    assert rows(day.database, "select state from core.fulfillment_orders where state <> 'cancelled'") == [
        ("shipped",)
    ]


def test_nothing_more_is_a_cancelled_line(day: Day):
    order = bought(day)

    withhold_order(
        day.database, day.box.clock, order_id(day, order), Withheld.CANCELLED, "其余不发", "li",
        order.lines[0].line_id,
    )  # fmt: skip
    hand_over(day)

    assert (rows(day.database, BLOCKED), rows(day.database, PLANNED)) == ([("line_cancelled",)], [])
    assert rows(day.database, STATE) == [("closed",)]


def test_a_piece_more_by_hand_calls_back_what_a_person_had_said_was_left(day: Day):
    order = bought(day)
    say(day, order, 4 - pieces_sent(day, order))
    hand_over(day)

    day.happens(order, "part_ship")
    day.work()

    assert rows(day.database, "select recall, recall_reason from core.delivery_orders")[0][1] == "line_waits"
    assert rows(day.database, HELD) == [(f"{pieces_sent(day, order)}/4",)]


def test_a_correction_from_before_says_nothing_of_what_is_left(day: Day):
    order = day.buy("MG-012", pieces=4)
    day.work()
    say(day, order, 3)

    day.happens(order, "part_ship")
    day.work()
    day.until(CUTOFF - timedelta(minutes=12))

    assert rows(day.database, BLOCKED) == [("line_waits",)]
