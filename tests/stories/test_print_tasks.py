"""What the packing desk prints: a task per label that stands, from the platform's token to the number that is told.

Two days are lived; each story looks at the order that shows it.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from orderhub.db.postgres import Server
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.waybill.listing import print_tasks_of
from orderhub.operate.verify import verify
from tests.builders import rows
from tests.stories.day import CUTOFF, FILES, Day, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import HANGZHOU, URUMQI, YIWU

DAY = timedelta(days=1)
TEMPLATE = "http://cloudprint.cainiao.com/template/standard/301"
NEXT_DAY = "yiwu/20261125T020000Z"
LABELS = f"""\
    waybill:
      service: cainiao
      connection: waybill_cainiao
      account: "ZTO0001"
      template: {TEMPLATE}
      channels: {{PLATFORM: TB}}
"""
MORE = {
    "warehouses.yaml": FILES["warehouses.yaml"].replace(
        "owner_code: JYS\n", "owner_code: JYS\n      waybills: hub\n"
    ),
    "carriers.yaml": FILES["carriers.yaml"].replace("  - id: post\n", f"{LABELS}  - id: post\n"),
}
Task = dict[str, Any]


class Lived(LivedDay):
    """Two days that are over, their orders by story, and what was to be printed at the end of each list."""

    def look(self, moment: str) -> None:
        """Note what the desk prints of each list."""
        for manifest in (HANGZHOU, YIWU, NEXT_DAY):
            tasks = [dict(task) for task in print_tasks_of(self.day.database, manifest)]
            self.seen[moment, manifest] = {str(task["requestID"]): task for task in tasks}

    def printed(self, moment: str, manifest: str, story: str) -> list[str]:
        """Return the numbers that were to be printed for an order."""
        found: dict[str, Task] = self.seen[moment, manifest]
        return [
            str(document["documentID"])
            for name, task in found.items()
            if name.startswith(f"{self.order_id(story)}@")
            for document in task["task"]["documents"]
        ]

    def labels(self, story: str) -> list[str]:
        """Return the numbers that the service made for an order, the oldest first."""
        made = requests.get(f"{self.day.base}/admin/waybill", timeout=20).json()["labels"]
        return [label["number"] for label in made if label["order"] == self.orders[story].order_id]

    def numbers(self, story: str) -> list[str]:
        return [number for _, number, _ in self.day.numbers(self.orders[story])]


def live(day: Day) -> Lived:
    lived = Lived(day)
    for warehouse in ("hangzhou", "yiwu"):
        day.lay_in(warehouse, MG_012=9)
    lived.orders = {
        "with a wms": day.buy("MG-012"),
        "by files": day.buy("MG-012", to=URUMQI),
        "moved": day.buy("MG-012", to=URUMQI),
    }
    day.work()
    day.cut_off(CUTOFF)
    lived.look("at closing")
    day.hand_over()
    lived.look("again")
    day.happens(lived.orders["moved"], "address")
    day.work()
    document = f"{lived.order_id('moved')}@1"
    end_hand_recall(day.database, day.box.clock, document, "agreed", "li", "还没拣")
    day.work()
    lived.look("taken back")
    lived.seen["told at label time"] = [lived.numbers(story) for story in lived.orders]
    day.send_everything()
    day.work()
    day.cut_off(CUTOFF + DAY)
    lived.look("next day")
    day.send_everything()
    day.work()
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "print_tasks", "taobao", MORE) as day:
        yield live(day)


@pytest.mark.parametrize(("story", "manifest"), [("with a wms", HANGZHOU), ("by files", YIWU)])
def test_a_label_that_is_taken_at_closing_is_a_task_of_the_desk_and_its_number_is_told(
    lived: Lived, story: str, manifest: str
):
    number = lived.labels(story)

    assert lived.printed("at closing", manifest, story) == number
    assert lived.seen["told at label time"] == [[], [], []]
    assert lived.numbers(story) == number


def test_a_task_has_the_template_and_what_the_service_sealed_and_nothing_of_the_buyer(lived: Lived):
    tasks = lived.seen["at closing", YIWU]
    [content] = tasks[f"{lived.order_id('by files')}@1"]["task"]["documents"][0]["contents"]
    receiver, said = lived.orders["by files"].receiver, json.dumps(tasks, ensure_ascii=False)

    assert content["templateURL"] == TEMPLATE
    assert content["encryptedData"].startswith("AES:")
    assert [part for part in (receiver.name, receiver.mobile, receiver.address) if part in said] == []


def test_closing_again_makes_no_task_twice(lived: Lived):
    for manifest in (HANGZHOU, YIWU):
        assert lived.seen["again", manifest] == lived.seen["at closing", manifest]


def test_a_label_that_is_made_anew_takes_the_task_of_the_old_one_away_and_is_one_of_the_new_list(
    lived: Lived,
):
    old, new = lived.labels("moved")

    assert lived.printed("at closing", YIWU, "moved") == [old]
    assert lived.printed("taken back", YIWU, "moved") == lived.printed("next day", YIWU, "moved") == []
    assert lived.printed("next day", NEXT_DAY, "moved") == [new]
    assert lived.numbers("moved") == [new]


def test_each_label_that_stands_has_one_task_and_no_invariant_is_broken(lived: Lived):
    standing = rows(lived.day.database, "select object_id from core.waybills where state = 'got' order by 1")
    to_print = rows(
        lived.day.database,
        "select object_id from core.print_tasks join core.waybills using (fulfillment_order_id) order by 1",
    )

    assert to_print == standing
    assert len(standing) == 3
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
