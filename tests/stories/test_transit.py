"""An order that its platform sends on from a depot: it goes to the depot, as any order to that place would.

One day is lived on the platform that has such orders; each story looks at the order that shows it, from the payload
to what the platform was told.
"""

import csv
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from sandbox.world.model import Order
from tests.stories.day import CUTOFF, FILES, Day, Fate, own_day
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import HANGZHOU, URUMQI, YIWU
from tests.stories.test_cash_at_the_door import SERVICE

pytestmark = pytest.mark.slow

DEPOT = ("陕西省", "西安市", "灞桥区")
MORE = {
    "warehouses.yaml": FILES["warehouses.yaml"].replace(
        "owner_code: JYS\n", "owner_code: JYS\n      waybills: hub\n"
    ),
    "carriers.yaml": FILES["carriers.yaml"]
    .replace("  - id: post\n", SERVICE.replace("CHANNEL", "pinduoduoWx") + "  - id: post\n")
    .replace("codes: {cainiao: ZTO, wms: ZTO}", "codes: {kuaidi100: zhongtong, wms: ZTO}"),
}


class Lived(LivedDay):
    """A day that is over, its orders by story, and what the files of its lists said."""

    def fates(self, story: str) -> list[Fate]:
        return self.day.fates(self.orders[story])

    def label(self, story: str) -> dict[str, Any]:
        """Return the only label that the service made for an order."""
        made = requests.get(f"{self.day.base}/admin/waybill", timeout=20).json()["labels"]
        [label] = [label for label in made if label["order"] == self.orders[story].order_id]
        return dict(label)

    def document(self, story: str) -> dict[str, Any]:
        """Return the only document that the WMS has of an order."""
        [code] = self.day.codes(self.orders[story])
        return next(one for one in self.day.ledger() if one["code"] == code)

    def listed(self, story: str) -> list[tuple[str, ...]]:
        """Return province, city and district of an order in each list of a warehouse."""
        return [
            (row["省"], row["市"], row["区县"])
            for name, content in self.day.files().items()
            if name.endswith("shipping_list.csv")
            for row in csv.DictReader(content.decode("utf-8-sig").splitlines())
            if row["平台订单号"] == self.orders[story].order_id
        ]


def sent_on(day: Day) -> Order:
    """Let a buyer far away order what the platform sends on: it names its depot as who gets the parcel."""
    order = day.buy("MG-012", to=DEPOT)
    order.service_tags = ("transit",)
    return order


def live(day: Day) -> Lived:
    lived = Lived(day)
    day.lay_in("hangzhou", MG_012=9)
    day.lay_in("yiwu", MG_012=9)
    lived.orders = {"sent on": sent_on(day), "too": sent_on(day), "straight": day.buy("MG-012", to=URUMQI)}
    lived.orders["too"].receiver = lived.orders["sent on"].receiver
    day.work()
    day.cut_off(CUTOFF)
    lived.seen["told at label time"] = [day.numbers(order) for order in lived.orders.values()]
    day.send_everything()
    day.work()
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "transit", "pinduoduo", MORE) as day:
        yield live(day)


def test_a_parcel_that_is_sent_on_leaves_by_the_rule_and_the_carrier_of_its_depot(lived: Lived):
    sent_on = Fate("shipped", "allocated", "elsewhere", "hangzhou", "zto", "shipped", HANGZHOU)
    straight = Fate("shipped", "allocated", "far", "yiwu", "post", "shipped", YIWU)

    assert lived.fates("sent on") == [sent_on]
    assert lived.fates("straight") == [straight]
    assert "平台要求的服务 transit" in lived.said("sent on")


def test_list_label_and_warehouse_have_the_place_of_the_depot(lived: Lived):
    depot = "".join(DEPOT)

    assert lived.listed("sent on") == [DEPOT]
    assert lived.label("sent on")["address"].startswith(depot)
    assert lived.document("sent on")["receiver"].startswith(depot)
    assert lived.listed("straight") == [URUMQI]


def test_its_number_is_told_once_the_parcel_to_the_depot_has_left(lived: Lived):
    number = lived.document("sent on")["express_code"]

    assert lived.seen["told at label time"] == [[], [], []]
    assert [told for _, told, _ in lived.day.numbers(lived.orders["sent on"])] == [number]
    assert lived.label("sent on")["number"] == number


def test_two_orders_to_one_depot_leave_in_a_parcel_each(lived: Lived):
    numbers = [lived.label(story)["number"] for story in ("sent on", "too")]

    assert len(set(numbers)) == 2
    assert [[told for _, told, _ in lived.day.numbers(lived.orders["too"])]] == [numbers[1:]]


def test_what_is_sent_on_breaks_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
