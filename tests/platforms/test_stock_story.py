"""From a buyer's order to what the shop offers, and back again."""

from datetime import timedelta

from orderhub.db.engine import Database
from orderhub.domain.parcels import Parcel
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.shipments import Report, record_reports
from sandbox.world.model import Order
from tests.builders import rows
from tests.platforms.offering_shop import OfferingShop


def hear(shop: OfferingShop) -> None:
    """Let what happened at the platform reach stock and the platform again."""
    shop.box.pass_time(timedelta(minutes=20))
    shop.box.pull()
    shop.box.transform()
    shop.run()
    shop.tell()


def send_away(shop: OfferingShop, order: Order) -> None:
    """Let the warehouse get a list, and say that the order has left."""
    request_extra(shop.database, shop.box.clock, shop.box.config, "hangzhou", "test")
    close_due(shop.database, shop.box.clock, shop.box.config, {})
    [(document,)] = rows(
        shop.database,
        "select fulfillment_order_id from core.fulfillment_orders as f join core.orders as o using (order_id) "
        f"where o.platform_order_id = '{order.order_id}'",
    )
    parcel = Parcel("78500000000001", "ZTO", shop.box.clock.now(), None)
    with shop.database.engine.begin() as connection:
        report = Report(order.order_id, str(document), (parcel,))
        record_reports(connection, shop.box.clock, "hangzhou", [report], "wms")


def test_what_is_bought_is_offered_no_more_and_what_is_cancelled_is_offered_again(database: Database):
    shop = OfferingShop(database, "miniprogram", percent=100)
    shop.tell()
    world, now = shop.box.world, shop.box.platform_clock.now
    kept, cancelled = world.place(2, now(), shop.box.shop_id)
    pieces = {line.merchant_code: 0 for order in (kept, cancelled) for line in order.goods}
    before = {code: shop.offered(code) for code in pieces}
    for line in (line for order in (kept, cancelled) for line in order.goods):
        pieces[line.merchant_code] += line.quantity

    hear(shop)
    bought = {code: shop.offered(code) for code in pieces}
    world.touch(1, now(), what="close", order_ids=[cancelled.order_id])
    hear(shop)
    given_back = {code: shop.offered(code) for code in pieces}
    send_away(shop, kept)
    hear(shop)

    asked_for = {code: (before[code] or 1000) - count for code, count in pieces.items()}
    assert bought == asked_for
    for line in cancelled.goods:
        asked_for[line.merchant_code] += line.quantity
    assert given_back == asked_for
    # What leaves was promised before: the shop offers as much as it did.
    assert {code: shop.offered(code) for code in pieces} == given_back
    assert rows(database, "select count(*) from core.stock where on_hand < 1000") != [(0,)]
