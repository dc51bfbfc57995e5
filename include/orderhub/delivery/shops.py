"""A shop as a target of the outbox: its platform is told the tracking numbers of what has left."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orderhub.clock import Clock
from orderhub.config.store import load_active
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.fulfillment.tracking import Teller
from orderhub.platforms.carriers import carriers_for
from orderhub.platforms.client import Client, shop_client
from orderhub.platforms.spec import load_platform
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
        shop = next((each for each in config.shops if each.id == self.shop_id), None)
        platform = load_platform(shop.platform, config) if shop is not None else None

        def open_client() -> Client:
            if shop is None or platform is None or shop.connection is None:
                raise ConfigError(f"shops.yaml: shop {self.shop_id} has no connection; name the one to use")
            connection = load_connection(shop.connection, self.settings.connections)
            return shop_client(self.database, self.clock, platform, shop, connection, self.settings.token_key)

        carriers = carriers_for(shop.platform, config.carriers.carriers) if shop is not None else {}
        return Teller(self.database, self.clock, shop, platform, carriers, open_client)
