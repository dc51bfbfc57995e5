"""A hub without a WMS whose carrier gets its labels from the sandbox's services, behind a real socket."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.delivery.dispatch import deliver_pending
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.settings import Settings
from sandbox.server import UVICORN, HttpServer
from sandbox.waybill.ledger import Fault
from sandbox.waybill.routes import WaybillRoutes, waybill_connections
from tests.builders import NOON, Line, Order, activate, put, stock

HOUSES = """\
warehouses:
  - id: hangzhou
    name: 杭州仓
    sender: {name: 杭州仓, phone: 0571-88880000, province: 浙江省, city: 杭州市, address: 示例路1号}
  - id: yiwu
    name: 义乌仓
    sender: {name: 义乌仓, phone: 0579-88880000, province: 浙江省, city: 金华市, address: 示例路2号}
"""
CARRIERS = """\
carriers:
  - id: zto
    name: 中通
    codes: {{cainiao: ZTO, kuaidi100: zhongtong}}
    capabilities: [cod]
    waybill:
      service: {service}
      connection: waybill_{service}
      account: "ZTO0001"
      template: http://cloudprint.cainiao.com/template/standard/301
      channels: {{taobao: TB}}
"""


@dataclass
class Desk:
    """The services of the sandbox, and the hub that asks them."""

    clock: FixedClock
    database: Database
    settings: Settings
    services: WaybillRoutes
    config: MerchantConfig | None = None

    def open(self, orders: int = 12, service: str = "cainiao", **shop: str) -> None:
        """Put `orders`, of which the first is paid at the door, and close a manifest with all of them."""
        more = {"carriers.yaml": CARRIERS.format(service=service)}
        with self.database.engine.begin() as connection:
            self.config = activate(connection, warehouses=HOUSES, more=more, **shop)
            stock(connection, hangzhou__MUG=100)
            put(connection, *(Order(str(n), (Line(quantity=2),)) for n in range(1, orders + 1)))
            connection.execute(text("update core.receivers set token = '1oaid' || order_id"))
            connection.execute(
                text("update core.orders set payment_state = 'cod_accepted' where order_id = 'tb/1'")
            )
            connection.execute(text("update core.orders set paid_fen = 22800"))
            connection.execute(text("update core.order_lines set paid_fen = 22800"))

    def configure(self, carriers: str) -> None:
        with self.database.engine.begin() as connection:
            self.config = activate(connection, warehouses=HOUSES, more={"carriers.yaml": carriers})

    def close(self) -> None:
        self.run()
        request_extra(self.database, self.clock, self.active, "hangzhou", "test")
        close_due(self.database, self.clock, self.active, {})

    def run(self) -> None:
        run_fulfillment(self.database, self.clock, self.active)

    @property
    def active(self) -> MerchantConfig:
        assert self.config is not None
        return self.config

    def plan(self, *faults: dict[str, Any]) -> None:
        self.services.faults = [Fault.of(fault) for fault in faults]

    def deliver(self, times: int = 1) -> None:
        for _ in range(times):
            deliver_pending(self.database, self.clock, self.settings)
            self.clock.move(timedelta(minutes=31))

    def made(self) -> dict[str, int]:
        """Return what the services truly made and did not take back: object id → labels."""
        standing: dict[str, int] = {}
        for label in self.services.ledger.labels:
            standing[label.object_id] = standing.get(label.object_id, 0) + (not label.is_void)
        return standing


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    file, clock = tmp_path / "connections.json", FixedClock(NOON)
    settings = Settings(
        home=tmp_path, database_url="postgresql://unused", hash_key="unused", connections=file
    )
    opened, ready = Desk(clock, database, settings, WaybillRoutes(7, clock.now)), threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    known = waybill_connections(7, f"http://127.0.0.1:{listening.getsockname()[1]}")
    for connection in known.values():
        connection.setdefault("extra", {})["timeout"] = 0.5
    file.write_text(json.dumps(known), encoding="utf-8")
    server = HttpServer(uvicorn.Config(Starlette(routes=opened.services.routes()), **UVICORN), ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    ready.wait(20)
    yield opened
    server.stop()
    thread.join(20)
    listening.close()
