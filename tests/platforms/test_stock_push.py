"""From a pass to the platform's stock interface: each listing shows its shop's share, whatever goes wrong."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.errors import ContractError, RetryError
from orderhub.fulfillment import stock_push
from orderhub.fulfillment.stock_push import StockTeller
from orderhub.platforms.client import Client
from orderhub.platforms.protocol import Call
from tests.builders import rows
from tests.platforms.offering_shop import OfferingShop

PLATFORMS = ("miniprogram", "taobao", "jd", "pinduoduo", "douyin", "wechat")
#: Whose lists take longest to read; the contract suite asks them each time.
SLOW = ("pinduoduo", "jd")
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "cut"}, {"kind": "status", "status": 502}, {"kind": "body"}, {"kind": "html"}, {"kind": "error"},
)  # fmt: skip
#: What each platform says of goods that are deleted, off its shelf, held by an activity.
MEANT = {
    "miniprogram": ["unknown_listing", "off_shelf", "locked"],
    "taobao": ["unknown_listing", None, "locked"],
    "jd": ["unknown_listing", None, "locked"],
    "pinduoduo": ["unknown_listing", "off_shelf", "locked"],
    "douyin": ["unknown_listing", "off_shelf", "locked"],
    "wechat": ["unknown_listing", "off_shelf", "not_yet"],
}


@pytest.mark.parametrize(
    "platform",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PLATFORMS],
)
def test_every_listing_shows_its_share_and_what_is_refused_is_understood(database: Database, platform: str):
    shop = OfferingShop(database, platform)
    codes = shop.codes()[:3]
    for code, standing in zip(codes, ("deleted", "off_shelf", "locked"), strict=True):
        shop.shelve(code, standing)

    first, again = shop.tell(), shop.tell()

    told = shop.answers()
    assert [told.get(code, (None, None))[0] for code in codes] == MEANT[platform]
    assert set(shop.differences()) == told.keys()
    assert (first["told"] > 0, first["refused"]) == (True, len(told))
    assert (again["told"], again["refused"]) == (0, 0)


@pytest.mark.parametrize(
    "platform",
    ["miniprogram", *(pytest.param(name, marks=pytest.mark.slow) for name in PLATFORMS[1:])],
)
def test_a_lost_answer_is_told_again_and_does_no_harm(database: Database, platform: str):
    shop = OfferingShop(database, platform)

    for fault in FAULTS:
        shop.plan({**fault, "nth": 2})
        shop.raise_stock()
        with pytest.raises(RetryError):
            shop.tell()
        shop.tell()
        assert shop.differences() == []

    assert shop.tell()["told"] == 0


def test_a_ban_is_waited_out_and_nothing_is_lost(database: Database):
    shop = OfferingShop(database, "miniprogram")
    shop.plan({"kind": "throttle", "seconds": 7, "nth": 3})

    shop.tell()

    assert (shop.differences(), shop.box.gateway.faults.calls_while_banned) == ([], 0)
    assert sum(shop.box.waited) >= 7


def test_what_an_activity_holds_is_told_once_it_is_over(database: Database):
    shop = OfferingShop(database, "miniprogram")
    code = shop.codes()[0]
    shop.shelve(code, "locked")
    shop.tell()
    shop.shelve(code, "on_shelf")

    too_soon = shop.tell()
    shop.box.pass_time(timedelta(minutes=31))
    shop.run()
    later = shop.tell()

    assert (too_soon["told"], later["told"]) == (0, 1)
    assert (shop.differences(), shop.answers()) == ([], {})
    woken = rows(database, "select count(*) from ops.outbox where target like 'stock:%'")
    assert woken == [(2,)]


def test_a_listing_that_is_gone_leaves_its_part_to_the_others(database: Database):
    shop = OfferingShop(database, "miniprogram")
    [(sku_id, code)] = rows(
        database,
        "select sku_id, min(merchant_code) from core.order_lines where kind = 'goods' "
        "group by sku_id having count(*) > 1 order by 1 limit 1",
    )
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "update core.order_lines set merchant_code = 'no longer sold' where (order_id, line_id) = ("
                "select order_id, line_id from core.order_lines where sku_id = :sku_id order by 1, 2 limit 1)"
            ),
            {"sku_id": sku_id},
        )

    shop.tell()

    sellable = rows(database, f"select sellable_qty from core.sellable where sku_id = '{sku_id}'")
    assert (sellable, shop.answers()) == ([(shop.offered(str(code)),)], {})


def test_a_whole_catalog_is_told_in_parts_that_follow_one_another(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stock_push, "AT_A_TIME", 4)
    shop = OfferingShop(database, "miniprogram")

    told = shop.tell()

    follows = rows(database, "select subject, state from ops.outbox where outbox_id like '%:after:%'")
    assert (told["told"], follows) == (4, [("stock:mp_own", "pending")])


class Puzzling:
    """A client whose platform says nothing that anybody understands of the listings in `codes`."""

    def __init__(self, client: Client, codes: list[str]) -> None:
        self.client, self.codes, self.asked = client, codes, 0

    def call(self, call: Call, values: Mapping[str, Any]) -> Any:
        if values["merchant_code"] in self.codes:
            self.asked += 1
            raise ContractError("stock: code 999 (a code that platform.yaml does not know)")
        return self.client.call(call, values)

    def close(self) -> None:
        self.client.close()


@pytest.mark.parametrize("behind", [0, 2])
def test_listings_of_which_the_platform_says_what_nobody_understands_keep_no_other_from_being_told(
    database: Database, behind: int
):
    shop = OfferingShop(database, "miniprogram")
    odd = shop.codes()[behind : behind + 4]
    client = Puzzling(shop.box.client(), odd)
    teller = StockTeller(
        database, shop.box.clock, shop.box.config.shop(shop.box.shop_id), shop.box.platform, lambda: client
    )

    for _ in range(2):
        with pytest.raises(RetryError):
            teller.send({})

    assert (shop.differences(), client.asked) == (odd, 7)
    assert {code: means for code, (means, _) in shop.answers().items()} == dict.fromkeys(odd, "not_yet")

    client.codes = []
    teller.send({})
    teller.close()

    assert (shop.differences(), shop.answers()) == ([], {})


def test_figures_that_fall_are_told_first(database: Database, monkeypatch: pytest.MonkeyPatch):
    shop = OfferingShop(database, "miniprogram")
    shop.tell()
    monkeypatch.setattr(stock_push, "AT_A_TIME", 1)
    shop.count(5000, "select sku_id from core.stock")
    shop.count(10, "select max(sku_id) as sku_id from core.stock")
    shop.run()

    shop.tell()

    fallen = rows(database, "select told_qty = sellable_qty from core.sellable order by sku_id desc limit 1")
    assert fallen == [(True,)]
