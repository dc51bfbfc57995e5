"""What its platform wants before the next list closes leaves on a list of its own, once, or a person is told in time.

Three days are lived. Goods arrive just after a cut-off for orders that are due before the next: Hangzhou closes an
extra list by itself, of Yiwu a person is told. Each story looks at the order that shows it.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.postgres import Server
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.stories.day import CUTOFF, FILES
from tests.stories.mail import Desk, OverseenDay, opened_desk
from tests.stories.test_a_day import URUMQI

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
#: Every platform here wants an order handed over 48 hours after it was paid.
PROMISE = 2 * DAY
BOUGHT = CUTOFF - 20 * HOUR
DUE = BOUGHT + PROMISE
THIRD = "20261126T020000Z"
SUBJECT = "等不到下一次截单"
MORE = {
    "warehouses.yaml": FILES["warehouses.yaml"].replace(
        "    name: 杭州仓\n    cutoffs", "    name: 杭州仓\n    extra_when_due: true\n    cutoffs"
    )
}
#: Those that tell a promised hand-over.
PLATFORMS = [
    "taobao",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("douyin", "pinduoduo", "wechat")),
]


class Lived(OverseenDay):
    """Three days that are over, their orders by story, and what was seen on the way."""

    def told(self, story: str) -> int:
        """Return how many numbers the platform knows of an order."""
        return len(self.day.numbers(self.orders[story]))

    def lists(self) -> dict[str, int]:
        """Return how many orders are on each list that is not empty."""
        return {one.manifest_id: one.order_count for one in self.day.closed if one.order_count}

    def look(self, moment: str) -> None:
        """Note the lists, how many mails of orders that are due there are, and whose alert is open."""
        told = len(self.desk.mails(SUBJECT))
        self.seen[moment] = (self.lists(), told, self.desk.open_alerts("due_before_next_cutoff"))


def short_days(desk: Desk) -> Lived:
    """Live over two cut-offs with buyers whose goods have not come."""
    day, lived = desk.day, Lived(desk.day, desk=desk)
    day.lay_in("hangzhou", MG_012=20, HT_010_RED=0, SC_014_GRY=0)
    day.lay_in("yiwu", MG_012=0, HT_010_RED=0, SC_014_GRY=0)
    day.work()
    day.until(BOUGHT)
    lived.orders = {
        "near": day.buy("HT-010-RED"),
        "far": day.buy("MG-012", to=URUMQI),
        "later": day.buy("SC-014-GRY"),
    }
    day.work()
    for number in (0, 1):
        day.cut_off(CUTOFF + number * DAY)
    lived.look("before the goods")
    return lived


def goods_come(lived: Lived) -> None:
    """Let the goods come after the second cut-off, four hours ahead of what was promised."""
    day = lived.day
    day.lay_in("hangzhou", HT_010_RED=5)
    day.lay_in("yiwu", MG_012=5)
    day.work()
    day.hand_over()
    lived.look("four hours ahead")
    day.hand_over()
    lived.look("asked again")
    day.until(DUE - 2 * HOUR - 15 * MINUTE)
    day.work()
    day.hand_over()
    lived.look("too early")


def two_hours_ahead(lived: Lived) -> None:
    """Hand over as every five minutes, two hours ahead; a person asks for Yiwu's list, twice."""
    day = lived.day
    day.until(DUE - 2 * HOUR + 5 * MINUTE)
    for _ in range(2):
        request_extra(day.database, day.box.clock, day.box.config, "yiwu", "lin")
    for moment in ("extra", "asked for an extra again"):
        day.hand_over()
        lived.look(moment)
        day.box.pass_time(5 * MINUTE)
    day.send_everything()
    day.work()
    day.lay_in("hangzhou", SC_014_GRY=1)
    day.work()
    day.hand_over()
    lived.look("within the hour")
    day.until(DUE - HOUR - 5 * MINUTE)
    day.work()
    day.hand_over()
    lived.look("an hour later")
    day.send_everything()
    day.work()
    lived.seen["told in time"] = {story: lived.told(story) for story in lived.orders}


def regular_list(lived: Lived) -> None:
    """Let the next regular list close over a buyer of today."""
    day = lived.day
    lived.orders["next"] = day.buy("HT-010-RED")
    day.work()
    day.through(CUTOFF + 2 * DAY)


@pytest.fixture(scope="module", params=PLATFORMS)
def lived(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    name = f"extra_lists_{request.param}"
    home = Path(tmp_path_factory.mktemp(name))
    with opened_desk(server, name, home, request.param, MORE) as desk:
        lived = short_days(desk)
        goods_come(lived)
        two_hours_ahead(lived)
        regular_list(lived)
        yield lived


def extra(warehouse: str, ahead: timedelta = 2 * HOUR - 5 * MINUTE) -> str:
    """Return the list that closes so long ahead of what was promised."""
    return f"{warehouse}/{DUE - ahead:%Y%m%dT%H%M%SZ}"


def test_what_is_due_before_the_next_cut_off_leaves_on_a_list_of_its_own_two_hours_ahead(lived: Lived):
    assert lived.seen["too early"][0] == {}
    assert lived.seen["extra"][0] == {extra("hangzhou"): 1, extra("yiwu"): 1}
    assert lived.left("near") == [("hangzhou", "shipped", extra("hangzhou").partition("/")[2])]
    assert lived.seen["told in time"]["near"] == 1


def test_an_extra_list_comes_once_however_often_it_is_asked_for(lived: Lived):
    kinds = rows(
        lived.day.database, "select cutoff_id, requested_by from ops.cutoffs where kind = 'extra' order by 1"
    )

    assert lived.seen["asked for an extra again"] == lived.seen["extra"]
    assert kinds == [
        (extra("hangzhou"), "extra_when_due"),
        (extra("hangzhou", 55 * MINUTE), "extra_when_due"),
        (extra("yiwu"), "lin"),
    ]


def test_what_comes_within_an_hour_of_an_extra_list_is_told_and_leaves_on_the_next(lived: Lived):
    _, mail = lived.desk.mails(SUBJECT)
    later = extra("hangzhou", 55 * MINUTE)

    assert lived.seen["within the hour"] == (lived.seen["extra"][0], 2, ["hangzhou"])
    assert mail.subject == "[orderhub] 【紧急】hangzhou:1 单等不到下一次截单"
    assert lived.seen["an hour later"] == ({**lived.seen["extra"][0], later: 1}, 2, [])
    assert lived.left("later") == [("hangzhou", "shipped", later.partition("/")[2])]
    assert lived.seen["told in time"]["later"] == 1


def test_where_no_list_comes_by_itself_a_person_is_told_once_and_asks_for_one(lived: Lived):
    mail, *_ = lived.desk.mails(SUBJECT)

    assert lived.seen["before the goods"] == ({}, 0, [])
    assert lived.seen["four hours ahead"] == lived.seen["asked again"] == ({}, 1, ["yiwu"])
    assert mail.subject == "[orderhub] 【紧急】yiwu:1 单等不到下一次截单"
    assert f"{lived.day.box.shop_id}/{lived.orders['far'].order_id}" in mail.text
    assert "./hub manifest close yiwu --now" in mail.text
    assert lived.seen["extra"][1:] == (1, [])
    assert lived.left("far") == [("yiwu", "shipped", extra("yiwu").partition("/")[2])]
    assert lived.seen["told in time"]["far"] == 1


def test_the_regular_list_afterwards_has_nothing_of_an_extra_one(lived: Lived):
    sent = rows(lived.day.database, "select order_id from core.manifest_lines group by 1 having count(*) > 1")

    assert lived.lists() == {
        extra("hangzhou"): 1,
        extra("yiwu"): 1,
        extra("hangzhou", 55 * MINUTE): 1,
        f"hangzhou/{THIRD}": 1,
    }
    assert lived.left("next") == [("hangzhou", "shipped", THIRD)]
    assert [lived.told(story) for story in lived.orders] == [1, 1, 1, 1]
    assert sent == []


def test_extra_lists_leave_nothing_undone_twice_or_broken(lived: Lived):
    waiting = rows(
        lived.day.database, "select order_id from core.orders where status not in ('shipped', 'done')"
    )

    assert waiting == []
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
