"""Tracking numbers at the platform: told once the warehouse confirmed, once each, whatever goes wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from orderhub.db.engine import Database
from sandbox.world.model import OrderState
from tests.platforms.telling_shop import TellingShop

PLATFORMS = ("taobao", "jd", "pinduoduo", "douyin", "wechat", "miniprogram")
HALF_AN_HOUR = timedelta(minutes=31)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_parcel_is_told_once_the_warehouse_confirmed_and_the_next_pull_sees_it(
    database: Database, tmp_path: Path, platform: str
):
    shop = TellingShop(database, platform, tmp_path)
    order = shop.pick()
    before = shop.deliver()

    shop.confirm(order, "78500000000001")
    shop.confirm(order, "78500000000001")
    shop.deliver()
    shop.deliver(HALF_AN_HOUR)
    shop.box.pull()
    shop.box.transform()

    assert before.sent == 0
    assert shop.numbers(order) == ["78500000000001"]
    assert order.state is OrderState.SHIPPED
    assert shop.states() == [("told", None)]
