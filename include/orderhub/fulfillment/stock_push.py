"""Tells a shop's platform how many pieces it may offer. Figures are absolute: telling twice does no harm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import Row, text

from orderhub.clock import Clock
from orderhub.config.models import Shop
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import NotTaken
from orderhub.platforms.client import Client
from orderhub.platforms.payload import quotable
from orderhub.platforms.protocol import placeholders_in
from orderhub.platforms.spec import Platform
from orderhub.platforms.writes import StockWrite

log = structlog.get_logger(__name__)
_TOLD = text("""
    update core.sellable set told_qty = :quantity, told_at = :now, answer = :answer
    where shop_id = :shop_id and sku_id = :sku_id""")


@dataclass
class StockTeller:
    """Tells one shop's platform; `send` may run any number of times and tells what is so then."""

    database: Database
    clock: Clock
    shop: Shop | None
    platform: Platform | None
    open_client: Callable[[], Client]
    _client: Client | None = field(default=None, init=False)

    def send(self, _payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell every figure that the platform does not know, and return how many it took.

        Raises:
            RetryError: the platform did not answer; what it took is recorded, the rest follows.
            ShopError: the platform refuses the account.
            ConfigError: it refuses the request itself.
        """
        call = self.platform.spec.stock if self.platform is not None else None
        if self.shop is None or call is None or not self.shop.push_stock:
            return {"told": 0, "why": "not switched on" if call else "no method"}
        told = refused = 0
        for _, listings in groupby(self._untold(self.shop.id), key=attrgetter("sku_id")):
            rows = list(listings)
            said = [self._tell(self.shop, call, values) for values in _told_as(call, rows)]
            answer = next((one for one in said if one), None)
            self._keep(self.shop.id, rows[0], answer)
            told, refused = told + (answer is None), refused + (answer is not None)
        log.info("stock told", shop_id=self.shop.id, told=told, refused=refused)
        return {"told": told, "refused": refused}

    def close(self) -> None:
        """Close the client, if one was needed."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _untold(self, shop_id: str) -> list[Row[Any]]:
        with self.database.read() as connection:
            given = {"shop_id": shop_id, "now": self.clock.now()}
            return list(connection.execute(statement("core/untold_stock"), given).all())

    def _tell(self, shop: Shop, call: StockWrite, values: Mapping[str, Any]) -> str | None:
        """Tell one listing, and return what the platform has against it."""
        if self._client is None:
            self._client = self.open_client()
        try:
            self._client.call(call, values)
        except NotTaken as answer:
            log.warning("stock not taken", shop_id=shop.id, means=answer.means)
            return quotable(str(answer))
        return None

    def _keep(self, shop_id: str, row: Row[Any], answer: str | None) -> None:
        given = {"shop_id": shop_id, "sku_id": row.sku_id, "quantity": row.sellable_qty, "answer": answer}
        scope = f"{shop_id}:stock"
        with hold_scope(self.database, scope) as lease, self.database.transaction(lease) as connection:
            connection.execute(_TOLD, {**given, "now": self.clock.now()})


def _told_as(call: StockWrite, rows: list[Row[Any]]) -> list[dict[str, Any]]:
    """Return what is told of one SKU: its pieces divided among the listings that the call can name."""
    named = placeholders_in(call.parameters)
    listings: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        names = {"item_id": row.item_id, "sku_id": row.platform_sku_id, "merchant_code": row.merchant_code}
        key = tuple(value for name, value in names.items() if name in named)
        if all(key):
            listings.setdefault(key, names)
    each, more = divmod(rows[0].sellable_qty, max(1, len(listings)))
    return [
        {**names, "quantity": each + (place < more), "version": rows[0].change_no}
        for place, names in enumerate(listings.values())
    ]
