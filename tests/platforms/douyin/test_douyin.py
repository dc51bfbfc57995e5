"""Douyin from its gateway to core: nothing lost, nothing shipped that waits, tokens renewed without a person."""

from datetime import timedelta

import pytest

from orderhub.db.engine import Database
from tests.builders import rows
from tests.platforms.against_truth import differences
from tests.platforms.shop_in_a_box import ShopInABox

LIST, AFTER_SALES = "order.searchList", "afterSale.List"
OPEN = "select count(*) from ops.pull_windows where state = 'open'"
SETTLED = timedelta(minutes=20)


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=600, platform="douyin", lives="all")


def wrong(box: ShopInABox) -> list[str]:
    """Return how core differs from the truth, once every change is due and was pulled."""
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(SETTLED)
    box.pull()
    box.transform()
    return differences(box.database, "douyin", box.orders())


def test_core_tells_the_truth_about_every_life_and_after_sale(box: ShopInABox):
    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)
    assert [] == wrong(box)
    assert [(0,)] == rows(box.database, OPEN)
