"""One day of one shop: what its buyers order, and everything that happens until the platform has the numbers.

The shop is pulled from a gateway, Hangzhou works with a WMS behind a socket, Yiwu with files and sheets. The
clock is the test's; whoever tells a story says what is bought and what happens meanwhile.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from openpyxl import Workbook

from orderhub import paths
from orderhub.config.goods import GOODS_FILES
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.delivery.dispatch import deliver_pending
from orderhub.fulfillment.close import ClosedManifest
from orderhub.fulfillment.cutoffs import ensure_first_start
from orderhub.fulfillment.due import hand_over_due
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.sync import sync_stock
from orderhub.platforms.client import Client
from orderhub.settings import Settings
from sandbox.traces import trace_connections
from sandbox.waybill.routes import waybill_connections
from sandbox.wms.service import WAREHOUSES, wms_connections
from sandbox.world.after_sales import apply_for
from sandbox.world.catalog import BY_CODE, SHOP_BY_ID
from sandbox.world.model import AfterSaleKind, Claim, Order
from sandbox.world.platforms import PLATFORMS
from tests.builders import rows
from tests.conftest import PASSWORDS, create_database
from tests.platforms.shop_in_a_box import KEY, TOKEN_KEY, ShopInABox, merchant_files
from tests.sim.served import serving
from tests.wms.asking import confirm_shipments
from tests.wms.conftest import HOUSES

SEED = 7
CUTOFF = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FILES = {
    "warehouses.yaml": HOUSES.format(batch_size=50),
    "routing.yaml": """\
rules:
  - {id: east, when: {region: [jiangzhehu]}, warehouses: [hangzhou, yiwu], split_from: "1.00", reason: {zh: 江浙沪, en: east}}
  - {id: far, when: {region: [remote]}, warehouses: [yiwu], reason: {zh: 偏远, en: remote}}
  - {id: elsewhere, warehouses: [hangzhou], reason: {zh: 其余, en: rest}}
""",
    "carriers.yaml": """\
carriers:
  - id: zto
    name: 中通
    codes: {cainiao: ZTO, wms: ZTO}
    not_served: [remote]
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}]
  - id: post
    name: 邮政
    capabilities: [fragile]
    codes: {cainiao: POSTB, wms: POSTB}
    freight: [{first_g: 1000, first: "9.00", next_g: 1000, next: "5.00"}]
    waybill:
      service: cainiao
      connection: waybill_cainiao
      account: "POST0001"
      template: http://cloudprint.cainiao.com/template/standard/301
      channels: {PLATFORM: TB}
  - id: sf
    name: 顺丰
    codes: {cainiao: SF, wms: SF}
    asked_as: [顺丰]
    capabilities: [fragile]
    freight: [{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}]
""",
    "safety_stock.csv": "warehouse_id,sku_id,quantity\nhangzhou,SKU-MG011-BLU,2\n",
}  # fmt: skip
FATE = """
    select o.status, d.outcome, d.rule_id, f.warehouse_id, f.carrier_id, f.state, m.manifest_id
    from core.orders as o
    left join core.routing_decisions as d using (order_id)
    left join core.fulfillment_orders as f using (order_id)
    left join (select distinct manifest_id, fulfillment_order_id from core.manifest_lines where not is_void) as m
        using (fulfillment_order_id)
    where o.platform_order_id = '{}'
    order by f.fulfillment_order_id"""


@dataclass(frozen=True)
class Fate:
    """What became of one document of an order, or of an order without one."""

    status: str
    outcome: str | None
    rule: str | None
    warehouse: str | None
    carrier: str | None
    document: str | None
    manifest: str | None


@dataclass
class Day:
    """The shop, its hub and its warehouses; see the module.

    Attributes:
        base: where the platform, the WMS and the waybill service listen.
        closed: manifests closed at the cut-off.
    """

    box: ShopInABox
    base: str
    settings: Settings
    closed: list[ClosedManifest] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.box.database

    def buy(
        self, *codes: str, pieces: int = 1, to: tuple[str, str, str] = ("浙江省", "杭州市", "西湖区"), note: str = ""
    ) -> Order:  # fmt: skip
        """Let somebody buy `pieces` of each code a moment ago, and return the order."""
        [order] = self.box.world.place(1, self.box.platform_clock.now(), self.box.shop_id)
        self.box.pass_time(timedelta(minutes=1))
        shop, maker = SHOP_BY_ID[self.box.shop_id], self.box.world._maker
        number = PLATFORMS[shop.platform].line_number
        order.lines = [
            replace(
                maker._line(shop, number(order.order_id, place), BY_CODE[code], pieces), shared_discount_fen=0
            )
            for place, code in enumerate(codes)
        ]
        order.coupon_fen = order.post_fen = 0
        order.buyer_message = note
        state, city, district = to
        address = "示例路二百一十八号阳光花园3幢2单元501室"
        order.receiver = replace(
            order.receiver, state=state, city=city, district=district, town="", address=address
        )
        return order

    def lay_in(self, warehouse: str, **pieces: int) -> None:
        """Let a warehouse have so many pieces of codes (with _ for -): Hangzhou in its WMS, Yiwu in a file."""
        counted = {BY_CODE[code.replace("_", "-")].sku_id: number for code, number in pieces.items()}
        if warehouse == "hangzhou":
            put = [[WAREHOUSES[warehouse], sku_id, number] for sku_id, number in counted.items()]
            self.wms({"put": put})
            return
        lines = "".join(f"{sku_id},{number}\n" for sku_id, number in counted.items())
        self.drop_text(warehouse, "stock.csv", f"sku_id,on_hand\n{lines}")

    def wms(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Drive the WMS as its people would, and return what it answers."""
        answer: dict[str, Any] = requests.post(f"{self.base}/admin/wms", json=wish, timeout=20).json()
        return answer

    def happens(self, order: Order, what: str) -> None:
        """Let something happen to an order at its platform now."""
        self.box.world.touch(1, self.box.platform_clock.now(), what=what, order_ids=[order.order_id])

    def claims(self, order: Order, kind: AfterSaleKind, pieces: int) -> None:
        """Let a buyer ask for some pieces of an order's first line to be taken back or exchanged."""
        line = order.lines[0]
        money = line.divided_fen * pieces // line.quantity
        apply_for(order, kind, [Claim(line.line_id, pieces, money)], self.box.platform_clock.now())
        self.box.world._enter(order)

    def work(self) -> None:
        """Let ten minutes pass and every lane of the hub run once: pull, map, check, stock, route, deliver."""
        self.box.pass_time(timedelta(minutes=10))
        self.box.pull()
        self.box.transform()
        sync_stock(self.database, self.box.clock, self.settings, self.box.config)
        run_fulfillment(self.database, self.box.clock, self.box.config)
        self.deliver()

    def deliver(self) -> None:
        """Empty the outbox."""
        deliver_pending(self.database, self.box.clock, self.settings)

    def until(self, instant: datetime) -> None:
        """Let time pass until `instant`."""
        self.box.pass_time(instant - self.box.clock.now())

    def hand_over(self) -> None:
        """Close what is due, last look included, and deliver it."""
        opened = hand_over_due(
            self.database, self.box.clock, self.settings, self.box.config, self._opened, self.box.wait
        )
        self.closed += [manifest for manifest in opened if not manifest.is_shadow]
        self.deliver()

    def cut_off(self, instant: datetime) -> None:
        """Work once more just before a cut-off, and hand over just after it."""
        self.until(instant - timedelta(minutes=12))
        self.work()
        self.until(instant + timedelta(seconds=30))
        self.hand_over()

    @contextmanager
    def _opened(self, _shop: object) -> Iterator[Client]:
        client = self.box.client()
        yield client
        client.close()

    def send_everything(self) -> None:
        """Let Hangzhou's WMS send all it has and Yiwu drop its sheet, and tell the platform."""
        self.wms({"ship": "all"})
        confirm_shipments(self.database, self.box.clock, self.settings, self.box.config)
        self._drop_numbers()
        sync_stock(self.database, self.box.clock, self.settings, self.box.config)
        self.deliver()

    def through(self, instant: datetime) -> None:
        """Live through a cut-off: what it hands over leaves, and the platform is told."""
        self.cut_off(instant)
        self.send_everything()
        self.work()

    def _drop_numbers(self) -> None:
        """Write Yiwu's sheet of numbers: what the label says, or what the courier's own roll gave."""
        given = rows(
            self.database,
            "select o.platform_order_id, f.carrier_id, w.tracking_number from core.fulfillment_orders as f "
            "join core.orders as o using (order_id) left join core.waybills as w using (fulfillment_order_id) "
            "where f.warehouse_id = 'yiwu' and f.state = 'manifested' order by 1",
        )
        found = [
            (number, carrier, on_label or f"9876{zlib.crc32(number.encode()):010d}")
            for number, carrier, on_label in given
        ]
        self.drop_sheet("yiwu", "numbers.xlsx", ("平台订单号", "快递公司", "运单号"), *found)

    def drop_sheet(self, warehouse: str, name: str, *lines: tuple[object, ...]) -> None:
        """Let the people of a warehouse save a sheet in its folder."""
        sheet, book = self._drop(warehouse, name), Workbook()
        for line in lines:
            book.active.append(line)
        book.save(sheet)
        self._age(sheet)

    def drop_text(self, warehouse: str, name: str, text: str, encoding: str = "utf-8") -> None:
        """Let a program of a warehouse save a file of lines in its folder."""
        file = self._drop(warehouse, name)
        file.write_text(text, encoding=encoding)
        self._age(file)

    def _drop(self, warehouse: str, name: str) -> Path:
        folder = self.settings.drop / "warehouses" / warehouse
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    def _age(self, file: Path) -> None:
        """Let a file be a minute old: what may still be written is not read."""
        saved = self.box.clock.now().timestamp() - 60
        os.utime(file, (saved, saved))

    def come_back(self) -> None:
        """Let everything that was announced come back to Hangzhou, fit to be sold."""
        announced = requests.get(f"{self.base}/admin/wms", timeout=20).json()["returns"]
        came = [
            [one["code"], item, pieces, 0] for one in announced for item, pieces in one["planned"].items()
        ]
        self.box.pass_time(timedelta(minutes=1))
        self.wms({"returned": came})
        self.work()

    def files(self) -> dict[str, bytes]:
        """Return what lies in the folders of the warehouses' manifests, by name."""
        return {
            str(file.relative_to(self.settings.manifests)): file.read_bytes()
            for file in sorted(self.settings.manifests.rglob("*"))
            if file.is_file()
        }

    def ledger(self) -> list[dict[str, Any]]:
        """Return every document as the WMS truly holds it."""
        documents: list[dict[str, Any]] = requests.get(f"{self.base}/admin/wms", timeout=20).json()[
            "documents"
        ]
        return documents

    def codes(self, order: Order) -> list[str]:
        """Return the codes under which the WMS was given documents of an order."""
        found = rows(
            self.database,
            "select d.delivery_order_code from core.delivery_orders as d "
            "join core.fulfillment_orders using (fulfillment_order_id) join core.orders as o using (order_id) "
            f"where o.platform_order_id = '{order.order_id}' order by 1",
        )
        return [str(code) for (code,) in found]

    def fates(self, order: Order) -> list[Fate]:
        """Return what became of an order, a row per document."""
        return [Fate(*row) for row in rows(self.database, FATE.format(order.order_id))]

    def left(self, order: Order) -> list[tuple[str | None, ...]]:
        """Return warehouse, state and list, by its cut-off, of each document of an order."""
        return [
            (fate.warehouse, fate.document, fate.manifest and fate.manifest.partition("/")[2])
            for fate in self.fates(order)
        ]

    def numbers(self, order: Order) -> list[tuple[str, str, dict[str, int]]]:
        """Return what the platform was told of an order: carrier, number, line → pieces."""
        return [
            (parcel.carrier, parcel.number, dict(parcel.pieces))
            for parcel in self.box.world.orders[order.order_id].parcels
        ]


def tagged_goods(**tags: str) -> str:
    """Return skus.csv as it ships, with tags of codes (with _ for -) in the place of those they had."""
    wanted = {BY_CODE[code.replace("_", "-")].sku_id: said for code, said in tags.items()}
    shipped = (paths.shipped_config_directory() / "skus.csv").read_text(encoding="utf-8").splitlines()
    place, written = shipped[0].split(",").index("tags"), []
    for line in shipped:
        cells = line.split(",")
        if cells[0] in wanted:
            cells[place] = wanted[cells[0]]
        written.append(",".join(cells))
    return "\n".join(written) + "\n"


@contextmanager
def own_database(server: Server, name: str) -> Iterator[Database]:
    """Yield a database that a module's stories share, and drop it with them."""
    admin = Database(server.url("postgres"), "tests")
    create_database(admin, name)
    database = Database(server.url(name, "orderhub_app", PASSWORDS.app), "tests")
    yield database
    database.close()
    with admin.session() as session:
        session.exec_driver_sql(f"drop database {name} with (force)")
    admin.close()


@contextmanager
def opened_day(
    database: Database, home: Path, platform: str = "miniprogram", more: Mapping[str, str] | None = None,
    shop_keys: str = "",
) -> Iterator[Day]:  # fmt: skip
    """Yield a shop at noon of the day before the cut-off, with nobody's orders yet.

    Args:
        database: the hub's.
        home: where its files lie.
        platform: of the shop.
        more: files of the merchant in the place of `FILES`, by name.
        shop_keys: lines of the shop in shops.yaml.
    """
    box = ShopInABox(database, orders=0, seed=SEED, platform=platform)
    files = merchant_files(platform)
    shops = files["shops.yaml"].replace("since_days: 2", "since_days: 1")
    goods = {
        name: (paths.shipped_config_directory() / name).read_text(encoding="utf-8")
        for name in GOODS_FILES[:2]
    }
    own = {
        name: content.replace("PLATFORM", platform) for name, content in (FILES | dict(more or {})).items()
    }
    box.own_files = {**goods, **own, "shops.yaml": f"{shops}    write_back: true\n{shop_keys}"}
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    with ExitStack() as stack:
        base = stack.enter_context(serving(box.gateway, box.platform_clock.now))
        shop = box.gateway.dialect.connection(box.gateway.credentials, SHOP_BY_ID[box.shop_id], base)
        known = {"x": shop}
        for services in (wms_connections, waybill_connections, trace_connections):
            known |= services(SEED, base)
        file = home / "connections.json"
        file.write_text(json.dumps(known), encoding="utf-8")
        settings = Settings(
            home=home, database_url="postgresql://unused", hash_key=KEY, token_key=TOKEN_KEY, connections=file
        )
        ensure_first_start(database, box.clock)
        yield Day(box, base, settings)


@contextmanager
def own_day(
    server: Server, folders: pytest.TempPathFactory, name: str, platform: str = "miniprogram",
    more: Mapping[str, str] | None = None, shop_keys: str = "",
) -> Iterator[Day]:  # fmt: skip
    """Yield a day as `opened_day` does, in a database and a folder that a module's stories share."""
    with (
        own_database(server, name) as database,
        opened_day(database, folders.mktemp(name), platform, more, shop_keys) as day,
    ):
        yield day
