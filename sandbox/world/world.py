"""The seeded world: what is true, and the only door through which it changes.

The same seed, size and start give the same world; every later change is one operation with its time, so that
a journal of operations replays to the same state.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.world.catalog import SHOPS, Shop
from sandbox.world.changes import CHANGES
from sandbox.world.make import OrderMaker
from sandbox.world.model import Order
from sandbox.world.modified_index import ModifiedIndex
from sandbox.world.story import deck, tell

HISTORY = timedelta(hours=30)
SETTLED = timedelta(
    minutes=40
)  # the last planned order is this much older than the start, its events younger
LIVE_BUYERS = 400
# How likely an order is at each hour of the Beijing day, relative to the evening peak.
HOUR_WEIGHTS = (
    35,
    20,
    10,
    8,
    8,
    10,
    20,
    35,
    50,
    65,
    80,
    75,
    70,
    65,
    65,
    70,
    70,
    65,
    70,
    85,
    100,
    100,
    90,
    60,
)
BEIJING_OFFSET_HOURS = 8


class World:
    """All orders of all shops. Times are aware UTC datetimes of whole seconds, money is fen."""

    def __init__(
        self,
        seed: int,
        orders: int,
        started_at: datetime,
        journal: Callable[[dict[str, Any]], None] = lambda operation: None,  # noqa: ARG005 - keeps nothing
    ) -> None:
        self.seed = seed
        self.started_at = started_at.replace(microsecond=0)
        self.orders: dict[int, Order] = {}
        self.kinds: set[str] = set()
        self.index = {shop.shop_id: ModifiedIndex() for shop in SHOPS}
        self._journal = journal
        self._rng = random.Random(f"{seed}:live")
        history = random.Random(f"{seed}:history")
        self._maker = OrderMaker(history, max(LIVE_BUYERS, orders))
        self._tell_history(history, orders)
        self._maker.rng = self._rng

    def _tell_history(self, rng: random.Random, orders: int) -> None:
        names = deck(rng, orders)
        times = sorted(self._placed_at(rng) for _ in names)
        for name, placed_at in zip(names, times, strict=True):
            for order in tell(name, self._maker, self._maker.pick_shop(), placed_at):
                self._enter(order)

    def _placed_at(self, rng: random.Random) -> datetime:
        earliest = self.started_at - HISTORY
        seconds = int((HISTORY - SETTLED).total_seconds())
        while True:
            at = earliest + timedelta(seconds=rng.randrange(seconds))
            if rng.random() * max(HOUR_WEIGHTS) < HOUR_WEIGHTS[(at.hour + BEIJING_OFFSET_HOURS) % 24]:
                return at

    def _enter(self, order: Order) -> None:
        self.orders[order.tid] = order
        self.kinds.add(order.kind)
        self.index[order.shop_id].add(int(order.modified.timestamp()), order.tid)

    def place(self, count: int, at: datetime, shop_id: str = "") -> list[Order]:
        """Place `count` paid orders whose `modified` is `at`; in any shop unless `shop_id` names one."""
        self._journal({"do": "place", "count": count, "at": at.isoformat(), "shop_id": shop_id})
        named = {shop.shop_id: shop for shop in SHOPS}
        return [self._place_one(named.get(shop_id), at.replace(microsecond=0)) for _ in range(count)]

    def _place_one(self, shop: Shop | None, at: datetime) -> Order:
        order = self._maker.order(shop or self._maker.pick_shop(), at - timedelta(minutes=11))
        late = at - order.modified
        order.created += late
        order.paid_at = order.modified = at
        order.events = []
        order.record(order.created, "created")
        order.record(at, "paid")
        self._enter(order)
        return order

    def touch(
        self, count: int, at: datetime, shop_id: str = "", what: str = "memo", tids: Sequence[int] = ()
    ) -> list[Order]:
        """Let `what` happen, `at`, to the orders `tids`, else to up to `count` random shippable ones.

        Raises:
            ValueError: `what` is not in `CHANGES`, or a tid does not exist.
        """
        if what not in CHANGES:
            raise ValueError(f"the change {what!r} is unknown; known: {', '.join(CHANGES)}")
        if unknown := [tid for tid in tids if tid not in self.orders]:
            raise ValueError(f"order(s) {unknown} do not exist")
        self._journal(
            {
                "do": "touch",
                "count": count,
                "at": at.isoformat(),
                "shop_id": shop_id,
                "what": what,
                "tids": [*tids],
            }
        )
        chosen = [self.orders[tid] for tid in tids] or self._sample(count, shop_id)
        for order in chosen:
            self._change(order, what, at.replace(microsecond=0))
        return chosen

    def _sample(self, count: int, shop_id: str) -> list[Order]:
        open_orders = [
            order
            for order in self.orders.values()
            if order.is_shippable and not order.intents and shop_id in {"", order.shop_id}
        ]
        return self._rng.sample(open_orders, min(count, len(open_orders)))

    def churn(self, shop_id: str, window: tuple[int, int], count: int, place: int, at: datetime) -> None:
        """Move `count` random orders out of a window of modified seconds and place `place` new ones."""
        self._journal(
            {
                "do": "churn",
                "shop_id": shop_id,
                "window": window,
                "count": count,
                "place": place,
                "at": at.isoformat(),
            }
        )
        for _ in range(count):
            low, high = self.index[shop_id].span(*window)
            if high > low:
                position = self._rng.randrange(low, high)
                tid = self.index[shop_id].tids(position, position + 1)[0]
                self._change(self.orders[tid], "memo", at.replace(microsecond=0))
        named = {shop.shop_id: shop for shop in SHOPS}
        for _ in range(place):
            self._place_one(named[shop_id], at.replace(microsecond=0))

    def _change(self, order: Order, what: str, at: datetime) -> None:
        before = int(order.modified.timestamp())
        CHANGES[what](order, self._rng, at)
        self.index[order.shop_id].move(order.tid, before, int(order.modified.timestamp()))

    def replay(self, operation: dict[str, Any]) -> None:
        """Apply one journaled operation again.

        Raises:
            ValueError: the operation is unknown.
        """
        at = datetime.fromisoformat(operation["at"])
        match operation["do"]:
            case "place":
                self.place(operation["count"], at, operation["shop_id"])
            case "touch":
                named = operation["shop_id"], operation["what"], operation["tids"]
                self.touch(operation["count"], at, *named)
            case "churn":
                start, end = operation["window"]
                self.churn(operation["shop_id"], (start, end), operation["count"], operation["place"], at)
            case unknown:
                raise ValueError(
                    f"the journal holds the unknown operation {unknown!r}: remove the state directory"
                )
