"""A label that is not used: the buyer moves after the cut-off, and only the label to the new address is told.

Two days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from orderhub.db.postgres import Server
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF
from tests.stories.mail import Desk, OverseenDay, opened_desk
from tests.stories.test_cash_at_the_door import URUMQI, at_the_door, carriers

DAY = timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"


class Lived(OverseenDay):
    """Two days that are over, their orders by story, and the labels as they were on the first."""

    def labels(self, story: str) -> list[dict[str, Any]]:
        """Return the labels that the service made for an order, the oldest first."""
        made = requests.get(f"{self.day.base}/admin/waybill", timeout=20).json()["labels"]
        return [label for label in made if label["order"] == self.orders[story].order_id]

    def numbers(self, story: str) -> list[str]:
        return [number for _, number, _ in self.day.numbers(self.orders[story])]


def live(desk: Desk) -> Lived:
    day, lived = desk.day, Lived(desk.day, desk=desk)
    day.lay_in("yiwu", MG_012=5)
    lived.orders = {
        "moved": day.buy("MG-012", to=URUMQI),
        "at the door": at_the_door(day.buy("MG-012", to=URUMQI)),
    }
    day.work()
    day.cut_off(CUTOFF)
    day.happens(lived.orders["moved"], "address")
    day.work()
    desk.look()
    lived.seen["told to stop"] = desk.open_alerts("recall_by_hand")
    document = f"{lived.order_id('moved')}@1"
    end_hand_recall(day.database, day.box.clock, document, "agreed", "li", "还没拣")
    day.work()
    desk.look()
    lived.seen["stopped"] = desk.open_alerts("recall_by_hand")
    day.send_everything()
    day.work()
    lived.seen["first day"] = {story: lived.numbers(story) for story in lived.orders}
    day.through(CUTOFF + DAY)
    return lived


#: JD, whose lines have no amounts and whose orders are paid at the door, each time; one more on request.
PLATFORMS = [("jd", "jdalpha"), pytest.param(("douyin", "douyin"), marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=PLATFORMS, ids=["jd", "douyin"])
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    platform, channel = request.param
    name = f"labels_anew_{platform}"
    home = Path(tmp_path_factory.mktemp(name))
    with opened_desk(server, name, home, platform, carriers(channel)) as desk:
        yield live(desk)


def test_a_person_is_told_to_stop_the_parcel_to_the_old_address_until_it_is_stopped(lived: Lived):
    [mail] = lived.desk.mails("请打电话撤单")
    document = f"{lived.order_id('moved')}@1"

    assert (lived.seen["told to stop"], lived.seen["stopped"]) == ([document], [])
    assert mail.subject == f"[orderhub] 【紧急】请打电话撤单:{document}"


def test_the_label_to_the_old_address_is_given_back_and_the_number_of_the_new_one_is_told(lived: Lived):
    old, new = lived.labels("moved")

    assert lived.day.left(lived.orders["moved"]) == [("yiwu", "cancelled", None), ("yiwu", "shipped", SECOND)]
    assert (old["is_void"], new["is_void"]) == (True, False)
    assert lived.seen["first day"]["moved"] == []
    assert lived.numbers("moved") == [new["number"]]


def test_what_is_paid_at_the_door_leaves_with_a_label_that_names_the_amount_and_its_number_is_told(
    lived: Lived,
):
    order = lived.orders["at the door"]
    [label] = lived.labels("at the door")

    assert label["cod"] == f"{order.payment_fen / 100:.2f}" == "55.00"
    assert lived.day.left(order) == [("yiwu", "shipped", FIRST)]
    assert lived.seen["first day"]["at the door"] == lived.numbers("at the door") == [label["number"]]


def test_labels_anew_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
