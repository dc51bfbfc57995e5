"""A hub whose Hangzhou warehouse has the sandbox's WMS, behind a real socket, at the time of the test's clock."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.delivery.dispatch import DeliveryCounts, deliver_pending
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.wms.account import Account, open_account
from orderhub.fulfillment.wms.confirm import Confirmed
from orderhub.settings import Settings
from sandbox.server import UVICORN, HttpServer
from sandbox.traces import Traces, trace_connections
from sandbox.waybill.routes import WaybillRoutes, waybill_connections
from sandbox.wms.faults import Fault
from sandbox.wms.routes import WmsRoutes
from sandbox.wms.service import Wms, wms_connections
from tests.builders import NOON, Line, Order, activate, put, stock
from tests.wms.asking import confirm_shipments

HOUSES = """\
warehouses:
  - id: hangzhou
    name: 杭州仓
    cutoffs: ["10:00"]
    wms:
      connection: wms_hangzhou
      warehouse_code: HZ01
      owner_code: JYS
      carrier_code: ZTO
      batch_size: {batch_size}
      sender: {{name: 杭州仓, phone: 0571-88880000, province: 浙江省, city: 杭州市, address: 示例路1号}}
  - id: yiwu
    name: 义乌保税仓
    cutoffs: ["10:00"]
    sender: {{name: 义乌仓, phone: 0579-88880000, province: 浙江省, city: 金华市, address: 示例路2号}}
"""


@dataclass
class House:
    """The WMS of the sandbox, and the hub that speaks to it."""

    clock: FixedClock
    database: Database
    settings: Settings
    wms: Wms = field(default_factory=lambda: Wms(7))
    config: MerchantConfig | None = None
    traces: Traces = field(init=False)
    labels: WaybillRoutes = field(init=False)

    def __post_init__(self) -> None:
        self.labels = WaybillRoutes(7, self.clock.now)
        self.traces = Traces(self.wms, self.clock.now)

    def open(
        self, orders: int = 4, batch_size: int = 50, pieces: int = 20, more: Mapping[str, str] | None = None,
        houses: str = HOUSES, **shop: str,
    ) -> None:  # fmt: skip
        """Put `orders` of two lines, stock on both sides, and close a manifest with all of them."""
        with self.database.engine.begin() as connection:
            self.config = activate(
                connection, warehouses=houses.format(batch_size=batch_size), more=more, **shop
            )
            stock(connection, hangzhou__MUG=pieces, hangzhou__CUP=pieces)
            lines = (Line(quantity=2), Line("CUP", 1, title="杯子"))
            put(connection, *(Order(str(number), lines) for number in range(1, orders + 1)))
        for item in ("MUG", "CUP"):
            self.wms.ledger.put("HZ01", item, pieces)
        self.close()

    def close(self) -> None:
        run_fulfillment(self.database, self.clock, self.active)
        request_extra(self.database, self.clock, self.active, "hangzhou", "test")
        close_due(self.database, self.clock, self.active, {})

    @property
    def active(self) -> MerchantConfig:
        assert self.config is not None
        return self.config

    @property
    def account(self) -> Account:
        return open_account(self.clock, self.settings, self.active, "hangzhou")

    def plan(self, *faults: dict[str, Any]) -> None:
        self.wms.faults = [Fault.of(fault) for fault in faults]

    def deliver(self) -> DeliveryCounts:
        return deliver_pending(self.database, self.clock, self.settings)

    def confirm(self) -> list[Confirmed]:
        return confirm_shipments(self.database, self.clock, self.settings, self.active)

    def ship_all(self) -> None:
        for code in list(self.wms.ledger.documents):
            self.wms.ledger.ship(code, self.clock.now())


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def house(clock: FixedClock, database: Database, tmp_path: Path) -> Iterator[House]:
    file = tmp_path / "connections.json"
    settings = Settings(
        home=tmp_path, database_url="postgresql://unused", hash_key="unused", connections=file
    )
    opened, ready = House(clock, database, settings), threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    known = {**wms_connections(7, base), **trace_connections(7, base), **waybill_connections(7, base)}
    for name in ("wms_hangzhou", "waybill_cainiao"):
        known[name].setdefault("extra", {})["timeout"] = 0.5
    file.write_text(json.dumps(known), encoding="utf-8")
    parts = (WmsRoutes(opened.wms, clock.now), opened.traces, opened.labels)
    app = Starlette(routes=[route for part in parts for route in part.routes()])
    server = HttpServer(uvicorn.Config(app, **UVICORN), ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    ready.wait(20)
    yield opened
    server.stop()
    thread.join(20)
    listening.close()
