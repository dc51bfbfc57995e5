"""Tells a shop's platform how many pieces it may offer. Figures are absolute: telling twice does no harm."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import Row, text

from orderhub.clock import Clock
from orderhub.config.models import Shop
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.errors import ContractError, NotTaken
from orderhub.fulfillment.listings import Listing, divide, listings_of
from orderhub.fulfillment.sellable import STOCK
from orderhub.platforms.client import Client
from orderhub.platforms.payload import quotable
from orderhub.platforms.spec import Platform
from orderhub.platforms.writes import StockWrite, named_by

log = structlog.get_logger(__name__)
#: SKUs that one row of the outbox tells: a mail does not wait for a whole catalog.
AT_A_TIME = 200
#: So many answers in a row that nobody understands are a platform that is down.
MOST_ODD_ANSWERS = 3
#: A version grows also where one figure is divided anew.
_MOST_TURNS = 100
#: What is not taken now is said again after so long; what is not here, with its next change.
_AGAIN_AFTER = {
    "not_yet": timedelta(minutes=10),
    "locked": timedelta(minutes=30),
    "off_shelf": timedelta(hours=6),
}
_TOLD = text("""
    update core.sellable set
        told_qty = case when cast(:retry_at as timestamptz) is null then :quantity else told_qty end,
        told_at = :now, answer = :answer, means = :means, retry_at = :retry_at
    where shop_id = :shop_id and sku_id = :sku_id""")


@dataclass(frozen=True)
class Refused:
    """What the platform has against a figure: one of the meanings of writes.py, and its words."""

    means: str
    said: str


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
        """Tell figures that the platform does not know, and return how many it took.

        What is more than is told at a time follows as another row of the outbox.

        Raises:
            RetryError: the platform did not answer; what it took is recorded, the rest follows.
            ShopError: the platform refuses the account.
            ConfigError: it refuses the request itself.
        """
        call = self.platform.spec.stock if self.platform is not None else None
        is_on = self.shop is not None and self.shop.push_stock and self.shop.mode == "live"
        if self.shop is None or call is None or not is_on:
            return {"told": 0, "why": "not switched on" if call else "no method"}
        skus = groupby(self._untold(self.shop.id, call), key=attrgetter("sku_id"))
        told, refused = self._tell_all(self.shop, call, [list(rows) for _, rows in islice(skus, AT_A_TIME)])
        if next(skus, None) is not None:
            self._follow(self.shop.id)
        log.info("stock told", shop_id=self.shop.id, told=told, refused=refused)
        return {"told": told, "refused": refused}

    def close(self) -> None:
        """Close the client, if one was needed."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _untold(self, shop_id: str, call: StockWrite) -> list[Row[Any]]:
        with self.database.read() as connection:
            given = {"shop_id": shop_id, "now": self.clock.now(), "names": sorted(named_by(call))}
            return list(connection.execute(statement("core/untold_stock"), given).all())

    def _tell_all(self, shop: Shop, call: StockWrite, skus: Sequence[Sequence[Row[Any]]]) -> tuple[int, int]:
        """Tell each SKU; one whose answer nobody understands keeps the others from nothing."""
        told, refused, in_a_row, odd = 0, 0, 0, list[ContractError]()
        for rows in skus:
            try:
                answer = self._tell_sku(shop, call, rows[0], listings_of(call, rows))
                in_a_row = 0
            except ContractError as error:
                odd.append(error)
                self._put_behind(shop.id, rows[0], error)
                in_a_row += 1
                if in_a_row == MOST_ODD_ANSWERS:
                    break
                continue
            self._keep(shop.id, rows[0], answer)
            told, refused = told + (answer is None), refused + (answer is not None)
        if odd:
            raise odd[0]
        return told, refused

    def _tell_sku(
        self, shop: Shop, call: StockWrite, row: Row[Any], listings: Sequence[Listing], turn: int = 0
    ) -> Refused | None:
        """Tell every listing of a SKU its part; what one that is gone was given goes to the others."""
        if not listings:
            return Refused("by_hand", "no listing of it has the ids that the call needs")
        left, refusals = list[Listing](), list[Refused]()
        version = row.change_no * _MOST_TURNS + min(turn, _MOST_TURNS - 1)
        for listing, pieces in divide(row.sellable_qty, listings):
            refused = self._tell(shop, call, listing.values(pieces, version))
            refusals += [refused] if refused is not None else []
            left += [] if refused is not None and refused.means == "unknown_listing" else [listing]
        if left and len(left) < len(listings):
            return self._tell_sku(shop, call, row, left, turn + 1)
        return min(refusals, key=_is_for_good, default=None)

    def _tell(self, shop: Shop, call: StockWrite, values: Mapping[str, Any]) -> Refused | None:
        if self._client is None:
            self._client = self.open_client()
        try:
            self._client.call(call, values)
        except NotTaken as answer:
            if answer.means == "done":
                return None
            log.warning("stock not taken", shop_id=shop.id, means=answer.means)
            return Refused(answer.means, quotable(str(answer)))
        return None

    def _put_behind(self, shop_id: str, row: Row[Any], error: ContractError) -> None:
        """Keep what nobody understood: it may have been taken; told again at once, behind the others."""
        self._keep(shop_id, row, Refused("not_yet", quotable(str(error))), timedelta())

    def _keep(
        self, shop_id: str, row: Row[Any], refused: Refused | None, again: timedelta | None = None
    ) -> None:
        now = self.clock.now()
        if refused is not None and again is None:
            again = _AGAIN_AFTER.get(refused.means)
        given = {
            "shop_id": shop_id, "sku_id": row.sku_id, "quantity": row.sellable_qty, "now": now,
            "answer": refused.said if refused is not None else None,
            "means": refused.means if refused is not None else None,
            "retry_at": now + again if again is not None else None,
        }  # fmt: skip
        with self._lease(shop_id) as lease, self.database.transaction(lease) as connection:
            connection.execute(_TOLD, given)

    def _follow(self, shop_id: str) -> None:
        lane = f"{STOCK}{shop_id}"
        effect = Effect(f"{lane}:after:{self.clock.now().isoformat()}", lane, lane, {"shop_id": shop_id})
        with self._lease(shop_id) as lease, self.database.transaction(lease) as connection:
            enqueue(connection, [effect], self.clock)

    def _lease(self, shop_id: str) -> AbstractContextManager[Lease]:
        return hold_scope(self.database, f"{shop_id}:stock")


def _is_for_good(refused: Refused) -> bool:
    return refused.means not in _AGAIN_AFTER
