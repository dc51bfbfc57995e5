"""A storm that stops parcels to an area over what was promised: a person hears days before, and the parcel goes after it.

Four days are lived; each story looks at the order that shows it, from the payload to what the platform was told.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from tests.stories.day import CUTOFF
from tests.stories.mail import Desk, OverseenDay, opened_desk
from tests.stories.test_a_day import URUMQI
from tests.stories.test_extra_lists import PLATFORMS
from tests.stories.test_two_days import LHASA

DAY = timedelta(days=1)
FIRST, FOURTH = "20261124T020000Z", "20261127T020000Z"
CALENDAR = {
    "calendar.csv": "kind,id,from,to,what,comment\narea,西藏自治区,2026-11-24,2026-11-26,suspended,暴雪停发\n"
}


class Lived(OverseenDay):
    """Four days that are over, their orders by story, and what people were told of when."""

    def look(self, moment: str) -> None:
        """Note how many mails of closings there are, and how many closings are still somebody's matter."""
        self.desk.look()
        self.seen[moment] = (len(self.desk.mails("停发")), len(self.desk.open_alerts("closing_ahead")))


def live(desk: Desk) -> Lived:
    day, lived = desk.day, Lived(desk.day, desk=desk)
    day.lay_in("yiwu", MG_012=9)
    day.box.pass_time(timedelta(hours=8))
    lived.orders = {"snowed in": day.buy("MG-012", to=LHASA), "as ever": day.buy("MG-012", to=URUMQI)}
    day.work()
    lived.look("the evening before")
    for number in range(4):
        day.cut_off(CUTOFF + number * DAY)
        day.send_everything()
        day.work()
        lived.look(f"day {number}")
    return lived


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"closings_{request.param}"
    home = Path(tmp_path_factory.mktemp(name))
    with opened_desk(server, name, home, request.param, CALENDAR) as desk:
        yield live(desk)


def test_a_person_hears_before_a_closing_that_a_promise_falls_into_once_and_no_longer_than_it_lasts(
    lived: Lived,
):
    [mail] = lived.desk.mails("停发")
    moments = ("the evening before", "day 0", "day 1", "day 2")

    assert [lived.seen[moment] for moment in moments] == [(1, 1)] * 4
    assert f"{lived.day.box.shop_id}/{lived.orders['snowed in'].order_id}" in mail.text
    assert f"{lived.day.box.shop_id}/{lived.orders['as ever'].order_id}" not in mail.text
    assert "暴雪停发" in mail.text
    assert lived.seen["day 3"] == (1, 0)


def test_what_a_closed_area_waits_for_leaves_by_itself_on_the_first_list_after_it(lived: Lived):
    left = [("yiwu", "cancelled", None), ("yiwu", "shipped", FOURTH)]

    assert lived.day.left(lived.orders["snowed in"]) == left
    assert len(lived.day.numbers(lived.orders["snowed in"])) == 1


def test_what_goes_elsewhere_waits_for_no_closing(lived: Lived):
    assert lived.day.left(lived.orders["as ever"]) == [("yiwu", "shipped", FIRST)]
    assert len(lived.day.numbers(lived.orders["as ever"])) == 1


def test_closings_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
