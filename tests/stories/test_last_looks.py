"""A platform that is silent before the cut-off: what nobody confirmed waits, is told, and leaves once it is confirmed.

Two cut-offs are lived, the first with a silent platform, the second with one that keeps a single order back. Each
story looks at the order that shows it, from what was bought to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.stories.day import CUTOFF
from tests.stories.mail import Desk, OverseenDay, opened_desk
from tests.stories.test_a_day import PLATFORMS

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CUT, LATE = "20261124T020000Z", "20261124T020000Z#1"
NEXT, NEXT_LATE = "20261125T020000Z", "20261125T020000Z#1"
SILENT = {"kind": "status", "status": 502, "times": 0}
SUBJECT = "没上清单,平台状态未能确认"


class Lived(OverseenDay):
    """Two cut-offs that are over, their orders by story, and what was seen on the way."""

    def carriers_told(self, story: str) -> list[str]:
        return [carrier for carrier, _, _ in self.day.numbers(self.orders[story])]

    def lists(self) -> list[tuple[str, int, dict[str, int]]]:
        """Return Hangzhou's lists so far: what is on them, and what was left out why."""
        return [
            (one.manifest_id.partition("/")[2], one.order_count, dict(one.left_out))
            for one in self.day.closed
            if one.warehouse_id == "hangzhou"
        ]

    def look(self, moment: str) -> None:
        """Note how many mails of unconfirmed orders there are, and which warehouse's alert is open."""
        told = len(self.desk.mails(SUBJECT))
        self.seen[moment] = (told, self.desk.open_alerts("status_unconfirmed"))


def noon(desk: Desk) -> Lived:
    """Let the buyers buy at a shop whose orders may leave though its pull is late."""
    day, lived = desk.day, Lived(desk.day, desk=desk)
    late = day.box.own_files["shops.yaml"].replace("on_stale: wait", "on_stale: ship")
    day.box.own_files["shops.yaml"] = late
    day.lay_in("hangzhou", MG_012=20)
    for story in ("kept", "cancelled", "moved"):
        lived.orders[story] = day.buy("MG-012")
    day.work()
    day.until(CUTOFF - 45 * MINUTE)
    day.work()
    return lived


def silent_platform(lived: Lived) -> None:
    """Close with a platform that says nothing; buyers go on, and it answers again a quarter of an hour later."""
    day, plan = lived.day, lived.day.box.gateway.faults
    plan.replace([SILENT])
    day.until(CUTOFF + timedelta(seconds=30))
    day.hand_over()
    lived.look("closed")
    lived.seen["in the warehouse"] = day.ledger()
    day.happens(lived.orders["cancelled"], "refund")
    day.happens(lived.orders["moved"], "address")
    day.until(CUTOFF + 5 * MINUTE)
    day.hand_over()
    lived.look("still silent")
    lived.seen["lists of a silent platform"] = lived.lists()
    plan.replace([])
    day.until(CUTOFF + 15 * MINUTE)
    day.hand_over()
    day.work()
    day.hand_over()
    day.send_everything()
    day.work()


def kept_back(lived: Lived) -> None:
    """Close the next list with a platform that lists every order, gives all but one, and that one later."""
    day, plan = lived.day, lived.day.box.gateway.faults
    for story in ("given", "refused"):
        lived.orders[story] = day.buy("MG-012")
    day.until(CUTOFF + DAY - 45 * MINUTE)
    day.work()
    digits = int("".join(c for c in lived.orders["refused"].order_id if c.isdigit()))
    plan.replace([SILENT | {"id_mod": [10**9, digits % 10**9]}])
    day.cut_off(CUTOFF + DAY)
    lived.look("one kept back")
    plan.replace([])
    day.until(CUTOFF + DAY + 5 * MINUTE)
    day.hand_over()
    day.send_everything()
    day.work()


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"last_looks_{request.param}"
    home = Path(tmp_path_factory.mktemp(name))
    with opened_desk(server, name, home, request.param) as desk:
        lived = noon(desk)
        silent_platform(lived)
        kept_back(lived)
        yield lived


def test_what_nobody_could_confirm_is_left_out_and_told_once(lived: Lived):
    first, second = lived.desk.mails(SUBJECT)

    assert lived.seen["lists of a silent platform"] == [(CUT, 0, {"status_unconfirmed": 3})]
    assert lived.seen["in the warehouse"] == []
    assert lived.seen["closed"] == lived.seen["still silent"] == (1, ["hangzhou"])
    assert "hangzhou:3 单没上清单" in first.subject
    assert f"截单 hangzhou/{CUT} 前再看平台时,3 单读不到" in first.text
    assert "hangzhou:1 单没上清单" in second.subject


def test_what_was_left_out_leaves_as_an_amendment_once_the_platform_answers_and_its_number_is_told(
    lived: Lived,
):
    assert lived.left("kept") == [("hangzhou", "shipped", LATE)]
    assert lived.carriers_told("kept") == ["ZTO"]


def test_what_was_cancelled_while_the_platform_was_silent_does_not_leave(lived: Lived):
    assert lived.left("cancelled") == [("hangzhou", "cancelled", None)]
    assert lived.carriers_told("cancelled") == []
    assert lived.day.codes(lived.orders["cancelled"]) == []
    assert [one["status"] for one in lived.day.ledger()] == ["DELIVERED"] * 4


def test_what_moved_while_the_platform_was_silent_goes_to_the_new_address_only(lived: Lived):
    assert lived.left("moved") == [("hangzhou", "cancelled", None), ("hangzhou", "shipped", LATE)]
    assert lived.carriers_told("moved") == ["ZTO"]


def test_one_order_that_the_platform_keeps_back_waits_alone_and_follows(lived: Lived):
    assert lived.seen["one kept back"] == (2, ["hangzhou"])
    assert lived.lists()[-2:] == [(NEXT, 1, {"status_unconfirmed": 1}), (NEXT_LATE, 1, {})]
    assert lived.left("given") == [("hangzhou", "shipped", NEXT)]
    assert lived.left("refused") == [("hangzhou", "shipped", NEXT_LATE)]
    assert lived.carriers_told("given") == lived.carriers_told("refused") == ["ZTO"]


def test_last_looks_leave_nothing_undone_twice_or_broken(lived: Lived):
    told = rows(lived.day.database, "select count(*)::int from core.tracking_writes where state = 'told'")

    assert told == [(4,)]
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
