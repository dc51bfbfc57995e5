"""A WMS and a platform that answer badly: every order leaves once by the WMS's own ledger, and its number is told once.

Each story is a day of its own, from what was bought to what the platform knows.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from orderhub.db.engine import Database
from orderhub.operate.verify import verify
from sandbox.world.catalog import BY_CODE
from sandbox.world.model import Order
from tests.builders import rows
from tests.stories.day import CUTOFF, Day, opened_day
from tests.wms.asking import confirm_shipments

BATCH, QUERY = "deliveryorder.batchcreate", "deliveryorder.query"
PIECES = (1, 2, 1, 3)
LATER = timedelta(minutes=31)
TROUBLE: dict[str, list[dict[str, Any]]] = {
    "takes it and drops the connection": [{"kind": "drop", "method": BATCH}],
    "takes it after we asked and sent again": [{"kind": "later", "method": BATCH}],
    "works on it twice": [{"kind": "twice", "method": BATCH}],
    "takes half a batch": [{"kind": "half", "method": BATCH}],
    "takes half a batch and drops the connection": [{"kind": "half_drop", "method": BATCH}],
    "says it was there already": [{"kind": "exists", "method": BATCH}],
    "drops the connection and will not be asked": [
        {"kind": "drop", "method": BATCH},
        {"kind": "status", "method": QUERY, "times": 2},
    ],
}
#: Taobao, which knows no repetition by its name, each time; the others on request.
PLATFORMS = [
    "taobao",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("miniprogram", "douyin", "wechat", "jd", "pinduoduo")
    ),
]


def bought(day: Day) -> list[Order]:
    """Let four buyers buy, and their orders be promised."""
    day.lay_in("hangzhou", MG_012=20)
    orders = [day.buy("MG-012", pieces=pieces) for pieces in PIECES]
    day.work()
    return orders


def delivered(day: Day, times: int = 4) -> None:
    """Let the hub try again what is open, some times."""
    for _ in range(times):
        day.box.pass_time(LATER)
        day.deliver()


def parcels(day: Day, order: Order) -> list[tuple[str, dict[str, int]]]:
    """Return number and pieces of each parcel that truly left for an order, by the WMS's ledger."""
    sent, codes = requests.get(f"{day.base}/admin/wms", timeout=20).json()["parcels"], day.codes(order)
    return [(one["express_code"], one["items"]) for one in sent if one["code"] in codes]


def left_once(day: Day, orders: list[Order]) -> None:
    """Check that each order left once, whole, and that its platform knows the parcel that left."""
    for order, pieces in zip(orders, PIECES, strict=True):
        [(number, items)] = parcels(day, order)
        assert items == {BY_CODE["MG-012"].sku_id: pieces}
        assert [(told, sum(of.values())) for _, told, of in day.numbers(order)] == [(number, pieces)]
        assert [fate.document for fate in day.fates(order)] == ["shipped"]


@pytest.mark.parametrize("trouble", TROUBLE)
def test_whatever_the_wms_answers_at_the_cut_off_every_order_leaves_once_and_is_told_once(
    database: Database, tmp_path: Path, trouble: str
):
    with opened_day(database, tmp_path) as day:
        orders = bought(day)
        day.wms({"faults": TROUBLE[trouble]})
        day.cut_off(CUTOFF)
        delivered(day)
        day.wms({"release": True})
        day.send_everything()
        day.work()

        left_once(day, orders)
        assert [result.violations for result in verify(database) if result.violations] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_whose_answer_is_lost_is_asked_and_knows_each_number_once(
    database: Database, tmp_path: Path, platform: str
):
    with opened_day(database, tmp_path, platform) as day:
        orders = bought(day)
        day.cut_off(CUTOFF)
        ship = day.box.platform.spec.ship
        assert ship is not None
        day.box.gateway.faults.replace([{"kind": "cut", "method": ship.call.method, "times": 2}])
        day.send_everything()
        delivered(day)
        day.work()

        left_once(day, orders)
        assert rows(database, "select state, count(*)::int from core.tracking_writes group by 1") == [
            ("told", 4)
        ]
        assert day.box.gateway.calls[ship.call.method] == len(orders)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_order_that_a_colleague_ships_at_the_platform_in_the_same_minute_is_nobodys_trouble(
    database: Database, tmp_path: Path, platform: str
):
    with opened_day(database, tmp_path, platform) as day:
        [order, *_] = bought(day)
        day.cut_off(CUTOFF)
        day.wms({"ship": "all"})
        day.happens(order, "ship")
        by_hand = day.numbers(order)
        confirm_shipments(database, day.box.clock, day.settings, day.box.config)
        delivered(day)
        day.work()

        assert day.numbers(order) == by_hand
        assert rows(database, "select distinct state from core.tracking_writes") == [("told",)]
        assert [fate.document for fate in day.fates(order)] == ["shipped"]
        assert [result.violations for result in verify(database) if result.violations] == []
