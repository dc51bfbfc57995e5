"""A shop as a target of the outbox: its platform is told what has left, and how much it may offer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.config.store import load_active
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.fulfillment.stock_push import StockTeller
from orderhub.fulfillment.tracking import Teller
from orderhub.platforms.carriers import carriers_for
from orderhub.platforms.client import Client, shop_client
from orderhub.platforms.spec import Platform, load_platform
from orderhub.settings import Settings

TRACKING = "tracking:"


@dataclass
class ShopLane:
    """Reads configuration and spec of one shop when something is sent to it, once."""

    database: Database
    clock: Clock
    settings: Settings
    shop_id: str

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell of one parcel; raises as `Teller.send`."""
        return self._teller.send(payload)

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Ask for one parcel; raises as `Teller.ask`."""
        return self._teller.ask(payload)

    def close(self) -> None:
        """Close the client, if one was needed."""
        if "_teller" in self.__dict__:
            self._teller.close()

    @cached_property
    def _teller(self) -> Teller:
        config = load_active(self.database)
        shop, platform = _known(config, self.shop_id)
        carriers = carriers_for(shop.platform, config.carriers.carriers) if shop is not None else {}
        opening = _Opening(self.database, self.clock, self.settings, self.shop_id, shop, platform)
        return Teller(self.database, self.clock, shop, platform, carriers, opening.client)


def stock_teller(database: Database, clock: Clock, settings: Settings, shop_id: str) -> StockTeller:
    """Return who tells a shop's platform how much it may offer."""
    shop, platform = _known(load_active(database), shop_id)
    opening = _Opening(database, clock, settings, shop_id, shop, platform)
    return StockTeller(database, clock, shop, platform, opening.client)


def _known(config: MerchantConfig, shop_id: str) -> tuple[Shop | None, Platform | None]:
    shop = next((each for each in config.shops if each.id == shop_id), None)
    return shop, load_platform(shop.platform, config) if shop is not None else None


@dataclass(frozen=True)
class _Opening:
    """What a client of one shop needs."""

    database: Database
    clock: Clock
    settings: Settings
    shop_id: str
    shop: Shop | None
    platform: Platform | None

    def client(self) -> Client:
        if self.shop is None or self.platform is None or self.shop.connection is None:
            raise ConfigError(f"shops.yaml: shop {self.shop_id} has no connection; name the one to use")
        connection = load_connection(self.shop.connection, self.settings.connections)
        keys = self.settings.token_key
        return shop_client(self.database, self.clock, self.platform, self.shop, connection, keys)
