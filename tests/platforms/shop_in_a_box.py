"""A shop of the sandbox behind a transport without sockets: its clock and faults are the test's."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from cryptography.fernet import Fernet
from pydantic import SecretStr

from orderhub import paths
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.config.store import apply_directory
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.platforms.client import Client, shop_client
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.fetching import PullCounts
from orderhub.platforms.spec import load_platform
from orderhub.transform.passes import TransformCounts
from orderhub.transform.run import run_transform
from sandbox.credentials import Credentials
from sandbox.dialects import DIALECTS
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.wire import Incoming
from sandbox.world.catalog import SHOP_BY_ID, SHOPS, TAOBAO_SHOPS
from sandbox.world.model import Order
from sandbox.world.world import HISTORY, World
from tests.answers import body_of
from tests.builders import FILES, SHOP

STARTED_AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHOP_ID = "tb_outlet"
#: The gateway is called directly; a test that serves it sets `ShopInABox.address` instead.
NO_SOCKET = "http://sandbox"
TOKEN_KEY = SecretStr(Fernet.generate_key().decode())
KEY = SecretStr("key of the hashes")
#: Their windows are half an hour long, so that two days of them are six seconds of every test: a day must do.
SHORT_WINDOWS = frozenset({"pinduoduo"})
BRIEF_HISTORY = timedelta(hours=20)
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
        response.raw = body_of(reply.content)
        response.headers["Date"] = format_datetime(self._clock.now(), usegmt=True)
        response.headers.update(reply.headers)
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


def shop_of(platform: str) -> str:
    """Return the id of the sandbox's shop on `platform` that tests pull."""
    return SHOP_ID if platform == "taobao" else next(s.shop_id for s in SHOPS if s.platform == platform)


def merchant_files(platform: str = "taobao") -> dict[str, str]:
    """Return the files of a merchant whose only shop is the sandbox's, with all of its history."""
    shop = SHOP.format(
        id=shop_of(platform), platform=platform, mode="live", export_policy="token_only", on_stale="wait"
    )
    shipped = (paths.shipped_config_directory() / "sku_mappings.csv").read_text(encoding="utf-8")
    mappings = "".join(line for line in shipped.splitlines(keepends=True) if _is_for(line, shop_of(platform)))
    since_days = 1 if platform in SHORT_WINDOWS else 2
    shops = f"shops:\n{shop}    connection: x\n    since_days: {since_days}\n"
    return {**FILES, "shops.yaml": shops, "sku_mappings.csv": mappings}


def _is_for(line: str, shop_id: str) -> bool:
    return line.startswith(("mapping_id,", "#")) or line.split(",")[1] in {"*", shop_id}


def _apply(database: Database, clock: FixedClock, files: dict[str, str]) -> MerchantConfig:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        return apply_directory(database, clock, Path(folder), Path(folder) / "home", "test", force=True)


def merchant(platform: str = "taobao") -> MerchantConfig:
    """Return the configuration of `merchant_files`."""
    return parse_config(merchant_files(platform))


class ShopInABox:
    """One shop, its platform, and the hub that pulls it.

    Args:
        database: the hub's.
        orders: size of the world's history, all shops of the platform together.
        seed: the world's.
        late: how far the hub's clock lags behind the platform's.
        platform: whose gateway.
        lives: "demo" or "all" (every life and after-sale that the platform has).
    """

    def __init__(
        self, database: Database, orders: int = 2000, seed: int = 7, late: timedelta = timedelta(),
        platform: str = "taobao", lives: str = "demo",
    ) -> None:  # fmt: skip
        self.database = database
        self.shop_id = shop_of(platform)
        self.platform_clock = FixedClock(STARTED_AT + timedelta(minutes=5))
        self.clock = FixedClock(self.platform_clock.now() - late)
        shops = TAOBAO_SHOPS if platform == "taobao" else (SHOP_BY_ID[self.shop_id],)
        history = BRIEF_HISTORY if platform in SHORT_WINDOWS else HISTORY
        self.world = World(seed, orders, STARTED_AT, shops=shops, lives=lives, history=history)
        self.gateway = Gateway.of(DIALECTS[platform], self.world, Credentials.of(seed, platform))
        self.config = merchant(platform)
        self.platform = load_platform(platform)
        self.address = NO_SOCKET
        self.waited: list[float] = []
        #: Files beside those of `merchant_files`, applied with the first pass.
        self.own_files: dict[str, str] = {}
        self._is_applied = False

    def pull(self) -> PullCounts:
        client = self.client()
        try:
            return pull_shop(
                self.database, self.clock, self.platform, self.config.shop(self.shop_id), client, self.config,
                KEY,
            )  # fmt: skip
        finally:
            client.close()

    def transform(self) -> TransformCounts:
        """Run one pass; the merchant's files become the active configuration the first time."""
        if not self._is_applied:
            self.apply({})
        return run_transform(self.database, self.clock, self.config)

    def apply(self, files: Mapping[str, str]) -> None:
        """Put the merchant's files in force, `files` in the place of those he had."""
        self.own_files = {**self.own_files, **files}
        self.config = _apply(
            self.database, self.clock, merchant_files(self.platform.spec.name) | self.own_files
        )
        self._is_applied = True

    def connection(self) -> Connection:
        """Return the shop's credentials as the sandbox hands them out."""
        dialect = self.gateway.dialect
        given = dialect.connection(self.gateway.credentials, SHOP_BY_ID[self.shop_id], self.address)
        return Connection.model_validate(given)

    def client(self) -> Client:
        client = shop_client(
            self.database, self.clock, self.platform, self.config.shop(self.shop_id), self.connection(),
            TOKEN_KEY, wait=self.wait,
        )  # fmt: skip
        if self.address == NO_SOCKET:
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
        """Return order id → modified of this shop's orders that a pull at `until` must have."""
        return {order.order_id: order.modified for order in self.orders() if order.modified < until}

    def orders(self) -> Iterator[Order]:
        """Yield this shop's orders as they truly are."""
        return (order for order in self.world.orders.values() if order.shop_id == self.shop_id)


def rewrite(box: ShopInABox, change: Callable[[dict[str, str], bytes], bytes]) -> None:
    """Let `change(form, content)` say what really goes over the wire."""
    truthful = box.gateway.answer

    def answer(incoming: Any, now: Any) -> Any:
        reply = truthful(incoming, now)
        return replace(reply, content=change(dict(parse_qsl(incoming.body.decode())), reply.content))

    box.gateway = _Rewritten(box.gateway, answer)  # type: ignore[assignment] # the part of it that is used


class _Rewritten:
    def __init__(self, gateway: Any, answer: Any) -> None:
        self.gateway, self.answer = gateway, answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.gateway, name)
