"""A shop of the sandbox where every call takes time and buyers go on buying: for catching up in virtual time."""

from datetime import datetime, timedelta
from typing import Any

import requests

from orderhub.db.engine import Database
from orderhub.platforms.client import Client
from tests.platforms.shop_in_a_box import GatewayTransport, ShopInABox


class BusyShop(ShopInABox):
    """`call_seconds` pass with every call, and `per_hour` new orders are paid meanwhile, evenly.

    `is_down`: nothing answers, and buyers buy all the same. `paid` is order id → when it was paid.
    """

    def __init__(
        self, database: Database, per_hour: float, call_seconds: float = 0.05, orders: int = 40, **given: Any
    ) -> None:
        super().__init__(database, orders=orders, **given)
        self.call_time = timedelta(seconds=call_seconds)
        self.every = timedelta(hours=1 / per_hour)
        self.next_at = self.platform_clock.now()
        self.paid: dict[str, datetime] = {}
        self.is_down = False

    def pass_time(self, delta: timedelta) -> None:
        """Let time pass for the hub, the platform and its buyers."""
        super().pass_time(delta)
        while self.next_at <= self.platform_clock.now():
            for order in self.world.place(1, self.next_at, self.shop_id):
                self.paid[order.order_id] = self.next_at.replace(microsecond=0)
            self.next_at += self.every

    def client(self) -> Client:
        """Return a client whose calls take time."""
        client = super().client()
        client._session.mount("http://", _Line(self))
        return client


class _Line(GatewayTransport):
    def __init__(self, shop: BusyShop) -> None:
        super().__init__(shop.gateway, shop.platform_clock)
        self._shop = shop

    def send(self, request: Any, *given: Any, **named: Any) -> requests.Response:
        with self._lock:
            self._shop.pass_time(self._shop.call_time)
        if self._shop.is_down:
            raise requests.ConnectionError("down")
        return super().send(request, *given, **named)
