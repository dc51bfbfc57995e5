"""Exchanges and resends, from the payload of the after-sale to the number at its platform."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.domain.parcels import Parcel
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.shipments import Report, record_reports
from tests.builders import rows
from tests.platforms.shop_in_a_box import merchant_files
from tests.platforms.telling_shop import TellingShop

MADE = "select order_id, goods from core.replacements"
SENT, AGAIN = "78500000000001", "78500000000002"
#: What the warehouse says of goods that came back.
RECEIVED = text("update core.returns set state = 'received'")


def shop_of(database: Database, platform: str, home: Path) -> TellingShop:
    shops = merchant_files(platform)["shops.yaml"].replace("since_days: 2", "since_days: 1")
    return TellingShop(
        database,
        platform,
        home,
        more={"shops.yaml": shops + "    write_back: true\n    exchange_goods: same\n"},
    )


def route(shop: TellingShop) -> None:
    shop.box.pass_time(timedelta(minutes=20))
    shop.box.pull()
    shop.box.transform()
    run_fulfillment(shop.database, shop.box.clock, shop.box.config)


def send_again(shop: TellingShop, order_id: str) -> None:
    """The next list takes it, and the warehouse confirms that it left."""
    request_extra(shop.database, shop.box.clock, shop.box.config, "hangzhou", "test")
    close_due(shop.database, shop.box.clock, shop.box.config, {})
    report = Report("again", f"{order_id}@1", (Parcel(AGAIN, "ZTO", shop.box.clock.now(), None),))
    with shop.database.engine.begin() as connection:
        record_reports(connection, shop.box.clock, "hangzhou", [report], "wms")
    shop.deliver()


@pytest.mark.parametrize(
    ("platform", "asked", "steps", "prefix", "told"),
    [
        ("wechat", "exchange", 2, "HH", ("told", None)),
        ("pinduoduo", "reship", 1, "BF", ("told", None)),
        pytest.param("miniprogram", "reship", 1, "BF", ("by_hand", "replacement"), marks=pytest.mark.slow),
        pytest.param("taobao", "reship", 1, "BF", ("by_hand", "replacement"), marks=pytest.mark.slow),
        pytest.param("jd", "reship", 1, "BF", ("by_hand", "replacement"), marks=pytest.mark.slow),
        pytest.param("douyin", "reship", 1, "BF", ("by_hand", "replacement"), marks=pytest.mark.slow),
    ],
)
def test_an_after_sale_becomes_a_document_and_its_number_goes_back_or_to_a_person(
    database: Database, tmp_path: Path, platform: str, asked: str, steps: int, prefix: str, told: tuple[str, str]
):  # fmt: skip
    shop = shop_of(database, platform, tmp_path)
    order = shop.orders(lambda order: len(order.lines) == 1 and not order.lines[0].parts)[0]
    shop.confirm(order, SENT)
    shop.deliver()
    for what in (asked, *["advance"] * steps):
        shop.happens(order, what)
        shop.box.pass_time(timedelta(minutes=1))
    route(shop)
    with database.engine.begin() as connection:
        connection.execute(RECEIVED)
    run_fulfillment(database, shop.box.clock, shop.box.config)

    [(made, goods)] = rows(database, MADE)
    send_again(shop, str(made))

    number = order.after_sales[0].after_sale_id
    assert (made, goods) == (f"{shop.box.shop_id}/{prefix}{number}", "same")
    assert shop.states() == [(SENT, "told", None), (AGAIN, *told)]
    assert shop.numbers(order) == [SENT, AGAIN][: 1 + (told[0] == "told")]
