"""From a payload that asks for a carrier to its label, and from the warehouse's sheet to the number at the platform."""

import json
import os
from datetime import timedelta
from pathlib import Path

import requests
from openpyxl import Workbook

from orderhub.db.engine import Database
from orderhub.delivery.dispatch import deliver_pending
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.waybill.listing import print_tasks_of
from orderhub.settings import Settings
from sandbox.waybill.routes import waybill_connections
from sandbox.world.catalog import SHOP_BY_ID
from sandbox.world.model import Order, PaymentKind
from tests.builders import rows
from tests.platforms.telling_shop import TellingShop
from tests.sim.served import serving
from tests.waybill.conftest import HOUSES

TEMPLATE = "http://cloudprint.cainiao.com/template/standard/301"
CARRIERS = f"""\
carriers:
  - id: zto
    name: 中通快递
    codes: {{taobao: ZTO, cainiao: ZTO}}
    capabilities: [cod]
    freight: [{{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}}]
  - id: sf
    name: 顺丰速运
    codes: {{taobao: SF, cainiao: SF}}
    freight: [{{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}}]
    waybill: {{service: cainiao, connection: waybill_cainiao, template: "{TEMPLATE}", channels: {{taobao: TB}}}}
"""


class AskingShop(TellingShop):
    """Its newest order that can ship asks for one carrier."""

    asking: Order

    def _hand_over(self) -> None:
        able = [
            order
            for order in self.box.orders()
            if order.is_shippable and not order.after_sales and not order.intents
            if order.payment_kind is PaymentKind.PREPAID
        ]
        self.asking = max(able, key=lambda order: order.modified)
        self.asking.required_carrier = "SF"
        super()._hand_over()


def drop_sheet(settings: Settings, shop: TellingShop, *line: str) -> None:
    """Let the warehouse save a sheet with one parcel, a minute ago."""
    book = Workbook()
    book.active.append(("平台订单号", "快递公司", "运单号"))
    book.active.append(line)
    file = settings.drop / "warehouses" / "hangzhou" / "sent.xlsx"
    file.parent.mkdir(parents=True)
    book.save(file)
    saved = shop.box.clock.now().timestamp() - 60
    os.utime(file, (saved, saved))


def test_the_carrier_that_a_platform_asks_for_makes_the_label_whose_number_comes_back(
    database: Database, tmp_path: Path
):
    shop = AskingShop(
        database, "taobao", tmp_path, more={"warehouses.yaml": HOUSES, "carriers.yaml": CARRIERS}
    )
    gateway, clock = shop.box.gateway, shop.box.clock
    with serving(gateway, shop.box.platform_clock.now) as base:
        own = gateway.dialect.connection(gateway.credentials, SHOP_BY_ID[shop.box.shop_id], base)
        file = tmp_path / "connections.json"
        file.write_text(json.dumps({"x": own, **waybill_connections(7, base)}), encoding="utf-8")
        settings = Settings(
            home=tmp_path, database_url="postgresql://unused", hash_key="unused", connections=file
        )

        deliver_pending(database, clock, settings)
        [label] = requests.get(f"{base}/admin/waybill", timeout=20).json()["labels"]
        shop.box.pass_time(timedelta(hours=1))
        drop_sheet(settings, shop, shop.asking.order_id, "顺丰速运", label["number"])
        sync_stock(database, clock, settings, shop.box.config)
        before = shop.numbers_told()
        deliver_pending(database, clock, settings)

    [(manifest_id, number)] = rows(database, "select manifest_id, tracking_number from core.waybills")
    [task] = print_tasks_of(database, str(manifest_id))
    imported = "".join(each.read_text(encoding="utf-8-sig") for each in tmp_path.rglob("*.csv"))
    assert (label["carrier"], number, before.total()) == ("SF", label["number"], 0)
    assert task["task"]["documents"][0]["documentID"] == number
    assert any(shop.asking.order_id in line and "顺丰速运" in line for line in imported.splitlines())
    assert [(parcel.carrier, parcel.number) for parcel in shop.asking.parcels] == [("SF", number)]
