"""A Taobao shop of the sandbox behind a transport without sockets: its clock and faults are the test's."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.platforms.client import Client
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.fetching import PullCounts
from orderhub.platforms.spec import load_platform
from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.wire import Incoming
from sandbox.taobao.dialect import DIALECT
from sandbox.world.world import World
from tests.builders import FILES, SHOP

STARTED_AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHOP_ID = "tb_outlet"
LIST = "taobao.trades.sold.increment.get"
DETAIL = "taobao.trade.fullinfo.get"


class GatewayTransport(requests.adapters.BaseAdapter):
    """Hands each request to the gateway at the platform's time."""

    def __init__(self, gateway: Gateway, clock: FixedClock) -> None:
        super().__init__()
        self._gateway = gateway
        self._clock = clock
        self._lock = threading.Lock()

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        with self._lock:
            reply = self._gateway.answer(incoming_of(request), self._clock.now())
        if reply.cut:
            raise requests.ConnectionError("cut")
        response = requests.Response()
        response.status_code = reply.status
        response._content = reply.content
        response.headers["Date"] = format_datetime(self._clock.now(), usegmt=True)
        return response

    def close(self) -> None:
        """Nothing is open."""


def incoming_of(request: requests.PreparedRequest) -> Incoming:
    """Return a prepared request as a gateway of the sandbox reads it."""
    address = urlsplit(request.url or "")
    body = request.body or b""
    return Incoming(
        address.path,
        request.method or "GET",
        dict(parse_qsl(address.query, keep_blank_values=True)),
        {name.lower(): value for name, value in request.headers.items()},
        body.encode() if isinstance(body, str) else body,
    )


def merchant() -> MerchantConfig:
    """Return a configuration whose only shop is the sandbox's outlet, with two days of history."""
    shop = SHOP.format(
        id=SHOP_ID, platform="taobao", mode="live", export_policy="token_only", on_stale="wait"
    )
    return parse_config({**FILES, "shops.yaml": f"shops:\n{shop}    connection: x\n    since_days: 2\n"})


class ShopInABox:
    """One shop, its platform, and the hub that pulls it; `late` is how far the hub's clock lags."""

    def __init__(
        self, database: Database, orders: int = 2000, seed: int = 7, late: timedelta = timedelta()
    ) -> None:
        self.database = database
        self.platform_clock = FixedClock(STARTED_AT + timedelta(minutes=5))
        self.clock = FixedClock(self.platform_clock.now() - late)
        self.world = World(seed, orders, STARTED_AT)
        self.gateway = Gateway.of(DIALECT, self.world, Credentials.of(seed))
        self.config = merchant()
        self.platform = load_platform("taobao")
        self.waited: list[float] = []

    def pull(self) -> PullCounts:
        client = self.client()
        try:
            return pull_shop(
                self.database, self.clock, self.platform, self.config.shop(SHOP_ID), client, self.config
            )
        finally:
            client.close()

    def client(self) -> Client:
        credentials = self.gateway.credentials
        connection = Connection(
            host="http://sandbox/router/rest", login=credentials.app_key, password=credentials.app_secret,
            extra={"session": credentials.sessions[SHOP_ID]},
        )  # fmt: skip
        assert self.platform.spec.api is not None
        client = Client(self.platform.spec.api, connection, self.clock, wait=self.wait)
        client._session.mount("http://", GatewayTransport(self.gateway, self.platform_clock))
        return client

    def wait(self, seconds: float) -> None:
        """Let time pass instead of sleeping."""
        self.waited.append(seconds)
        self.pass_time(timedelta(seconds=seconds))

    def pass_time(self, delta: timedelta) -> None:
        self.clock.move(delta)
        self.platform_clock.move(delta)

    def truth(self, until: datetime) -> dict[str, datetime]:
        """Return tid → modified of this shop's orders that a pull at `until` must have."""
        return {order_id: order.modified for order_id, order in self._orders() if order.modified < until}

    def _orders(self) -> Iterator[tuple[str, Any]]:
        return ((key, order) for key, order in self.world.orders.items() if order.shop_id == SHOP_ID)
