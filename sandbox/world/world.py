"""The seeded world: what is true, and the only door through which it changes.

The same seed, size and start give the same world; every later change is one operation with its time, so that
a journal of operations replays to the same state.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sandbox.world.catalog import TAOBAO_SHOPS, Shop
from sandbox.world.changes import CHANGES
from sandbox.world.doubts import labelled_shares
from sandbox.world.lives import tell
from sandbox.world.make import OrderMaker
from sandbox.world.model import AfterSale, Order, Parcel
from sandbox.world.modified_index import ModifiedIndex
from sandbox.world.platforms import PLATFORMS
from sandbox.world.shipping import tell as tell_parcel
from sandbox.world.story import DEFECTS, STATES, deck

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


#: How a listing may stand: locked by an activity, it may not lose pieces.
STANDINGS = ("on_shelf", "off_shelf", "deleted", "locked", "presale")
LIVES = ("demo", "all", "labelled")


def _keep_nothing(_operation: dict[str, Any]) -> None:
    """Stand in for a journal."""


class World:
    """All orders and after-sales of some shops. Times are aware UTC datetimes of whole seconds, money is fen.

    `lives`: "demo" deals the ordinary lives and the labelled defects, "all" also those of each platform,
    "labelled" few defects, and doubts that look like others' good orders. `history`: how long ago it begins.
    """

    def __init__(
        self,
        seed: int,
        orders: int,
        started_at: datetime,
        journal: Callable[[dict[str, Any]], None] = _keep_nothing,
        shops: Sequence[Shop] = TAOBAO_SHOPS,
        lives: str = "demo",
        history: timedelta = HISTORY,
    ) -> None:
        self.seed = seed
        self.started_at = started_at.replace(microsecond=0)
        self.shops = tuple(shops)
        self.lives = lives
        self._history = history
        self.orders: dict[str, Order] = {}
        self.after_sales: dict[str, AfterSale] = {}
        self.order_index = {shop.shop_id: ModifiedIndex() for shop in shops}
        self.after_sale_index = {shop.shop_id: ModifiedIndex() for shop in shops}
        #: (shop, merchant code) → (version, pieces) that clients said the shop offers.
        self.offered: dict[tuple[str, str], tuple[int, int]] = {}
        #: (shop, merchant code) → how the listing stands, where it is not simply for sale.
        self.standings: dict[tuple[str, str], str] = {}
        #: By the last event, also of orders whose `modified` that event left as it was.
        self.event_index = {shop.shop_id: ModifiedIndex() for shop in shops}
        self._journal = journal
        self._rng = random.Random(f"{seed}:live")
        history = random.Random(f"{seed}:history")
        self._maker = OrderMaker(history, max(LIVE_BUYERS, orders))
        self._tell_history(history, orders)
        self._maker.rng = self._rng

    def _tell_history(self, rng: random.Random, orders: int) -> None:
        plan = self._plan(rng, orders)
        times = sorted(self._placed_at(rng) for _ in plan)
        for (name, platform), placed_at in zip(plan, times, strict=True):
            for order in tell(name, self._maker, self._maker.pick_shop(self._shops_of(platform)), placed_at):
                self._enter(order)

    def _plan(self, rng: random.Random, orders: int) -> list[tuple[str, str]]:
        """Return (life, platform) per order; every platform has its share of the orders and its own lives."""
        platforms = list(dict.fromkeys(shop.platform for shop in self.shops))
        every = sum(shop.share for shop in self.shops)
        plan: list[tuple[str, str]] = []
        share = 0.0
        for platform in platforms:
            share += sum(shop.share for shop in self._shops_of(platform))
            size = round(orders * share / every) - self._places(plan)
            plan += [(name, platform) for name in deck(rng, size, self._shares(platform))]
        if len(platforms) > 1:
            rng.shuffle(plan)
        return plan

    def _shares(self, platform: str) -> dict[str, float]:
        traits = PLATFORMS[platform]
        shares: dict[str, float] = (
            labelled_shares(traits) if self.lives == "labelled" else {**STATES, **DEFECTS}
        )
        shares |= traits.own_lives if self.lives == "all" else {}
        return {name: share for name, share in shares.items() if name not in traits.impossible_lives}

    @staticmethod
    def _places(plan: list[tuple[str, str]]) -> int:
        return len(plan) + sum(name == "suspected_duplicate" for name, _ in plan)

    def _shops_of(self, platform: str) -> list[Shop]:
        return [shop for shop in self.shops if shop.platform == platform]

    def _placed_at(self, rng: random.Random) -> datetime:
        earliest = self.started_at - self._history
        seconds = int((self._history - SETTLED).total_seconds())
        while True:
            at = earliest + timedelta(seconds=rng.randrange(seconds))
            if rng.random() * max(HOUR_WEIGHTS) < HOUR_WEIGHTS[(at.hour + BEIJING_OFFSET_HOURS) % 24]:
                return at

    def _enter(self, order: Order) -> None:
        self.orders[order.order_id] = order
        self.order_index[order.shop_id].put(order.order_id, int(order.modified.timestamp()))
        last = max([order.modified, *(event.at for event in order.events)])
        self.event_index[order.shop_id].put(order.order_id, int(last.timestamp()))
        for one in order.after_sales:
            self.after_sales[one.after_sale_id] = one
            self.after_sale_index[order.shop_id].put(one.after_sale_id, int(one.modified.timestamp()))

    def place(self, count: int, at: datetime, shop_id: str = "") -> list[Order]:
        """Place `count` paid orders whose `modified` is `at`; in any shop unless `shop_id` names one.

        Raises:
            ValueError: the world has no such shop.
        """
        shops = self._named(shop_id)
        self._journal({"do": "place", "count": count, "at": at.isoformat(), "shop_id": shop_id})
        return [self._place_one(shops, at.replace(microsecond=0)) for _ in range(count)]

    def _named(self, shop_id: str) -> tuple[Shop, ...]:
        shops = tuple(shop for shop in self.shops if shop_id in {"", shop.shop_id})
        if not shops:
            known = ", ".join(shop.shop_id for shop in self.shops)
            raise ValueError(f"shop {shop_id!r} is not in this world; known: {known}")
        return shops

    def _place_one(self, shops: Sequence[Shop], at: datetime) -> Order:
        shop = shops[0] if len(shops) == 1 else self._maker.pick_shop(shops)
        order = self._maker.order(shop, at - timedelta(minutes=11))
        late = at - order.modified
        order.created += late
        order.paid_at = order.modified = at
        order.events = []
        order.record(order.created, "created")
        order.record(at, "paid")
        self._enter(order)
        return order

    def touch(
        self, count: int, at: datetime, shop_id: str = "", what: str = "memo", order_ids: Sequence[str] = ()
    ) -> list[Order]:
        """Let `what` happen, `at`, to the orders `order_ids`, else to up to `count` random suitable ones.

        Raises:
            ValueError: `what` is not in `CHANGES`, the shop or an order does not exist, or it cannot happen
                to a named order.
        """
        if what not in CHANGES:
            raise ValueError(f"the change {what!r} is unknown; known: {', '.join(CHANGES)}")
        if unknown := [key for key in order_ids if key not in self.orders]:
            raise ValueError(f"order(s) {', '.join(unknown)} do not exist")
        self._named(shop_id)
        chosen = [self.orders[key] for key in order_ids]
        if refused := [order for order in chosen if not CHANGES[what].can(order)]:
            named = ", ".join(f"{order.order_id} ({order.state})" for order in refused)
            raise ValueError(f"the change {what!r} cannot happen to {named}")
        operation = {"count": count, "at": at.isoformat(), "shop_id": shop_id, "what": what}
        self._journal({"do": "touch", **operation, "order_ids": [*order_ids]})
        chosen = chosen or self._sample(count, shop_id, what)
        for order in chosen:
            self._change(order, what, at.replace(microsecond=0))
        return chosen

    def _sample(self, count: int, shop_id: str, what: str) -> list[Order]:
        suitable = [
            order
            for order in self.orders.values()
            if shop_id in {"", order.shop_id} and CHANGES[what].is_drawn(order)
        ]
        return self._rng.sample(suitable, min(count, len(suitable)))

    def churn(self, shop_id: str, window: tuple[int, int], count: int, place: int, at: datetime) -> None:
        """Move `count` random orders out of a window of modified seconds and place `place` new ones."""
        sizes = {"count": count, "place": place, "at": at.isoformat()}
        self._journal({"do": "churn", "shop_id": shop_id, "window": window, **sizes})
        for _ in range(count):
            if key := self._random_key(self.order_index[shop_id], window):
                order = self.orders[key]
                what = "nudge" if "memo_changed" in order.quiet_events else "memo"
                self._change(order, what, at.replace(microsecond=0))
        for _ in range(place):
            self._place_one(self._named(shop_id), at.replace(microsecond=0))

    def churn_after_sales(self, shop_id: str, window: tuple[int, int], count: int, at: datetime) -> None:
        """Move `count` random after-sales out of a window: the buyer and the shop exchange messages."""
        sizes = {"count": count, "at": at.isoformat()}
        self._journal({"do": "churn_after_sales", "shop_id": shop_id, "window": window, **sizes})
        for _ in range(count):
            if key := self._random_key(self.after_sale_index[shop_id], window):
                after_sale = self.after_sales[key]
                order = self.orders[after_sale.order_id]
                after_sale.modified = max(after_sale.modified, at.replace(microsecond=0))
                order.record(at.replace(microsecond=0), "refund_message")
                self._enter(order)

    def _random_key(self, index: ModifiedIndex, window: tuple[int, int]) -> str:
        low, high = index.span(*window)
        if high <= low:
            return ""
        position = self._rng.randrange(low, high)
        return index.between(position, position + 1, oldest_first=True)[0]

    def _change(self, order: Order, what: str, at: datetime) -> None:
        CHANGES[what].happen(order, self._rng, at)
        self._enter(order)

    def tell(self, order_id: str, parcel: Parcel) -> None:
        """Book a parcel that a client told a platform of; the platform has judged it."""
        order = self.orders[order_id]
        told = {"carrier": parcel.carrier, "number": parcel.number, "pieces": list(parcel.pieces)}
        named = {"order_id": order_id, "shop_id": order.shop_id, "request": parcel.request}
        self._journal({"do": "tell", **named, **told, "at": parcel.at.isoformat()})
        tell_parcel(order, replace(parcel, at=parcel.at.replace(microsecond=0)))
        self._enter(order)

    def offer(self, shop_id: str, merchant_code: str, version: int, pieces: int, at: datetime) -> None:
        """Book how many pieces a client said a shop offers; an older version changes nothing."""
        figures = {"merchant_code": merchant_code, "version": version, "pieces": pieces}
        self._journal({"do": "offer", "shop_id": shop_id, **figures, "at": at.isoformat()})
        if version > self.offered.get((shop_id, merchant_code), (0, 0))[0]:
            self.offered[shop_id, merchant_code] = version, pieces

    def shelve(self, shop_id: str, merchant_code: str, standing: str, at: datetime) -> None:
        """Let a listing stand as one of `STANDINGS` from now on.

        Raises:
            ValueError: there is no such standing.
        """
        if standing not in STANDINGS:
            raise ValueError(f"standing {standing!r} is unknown; known: {', '.join(STANDINGS)}")
        told = {"merchant_code": merchant_code, "standing": standing, "at": at.isoformat()}
        self._journal({"do": "shelve", "shop_id": shop_id, **told})
        self.standings[shop_id, merchant_code] = standing

    def replay(self, operation: dict[str, Any]) -> None:
        """Apply one journaled operation again.

        Raises:
            ValueError: the operation is unknown.
        """
        at, shop_id = datetime.fromisoformat(operation["at"]), operation["shop_id"]
        match operation["do"]:
            case "place":
                self.place(operation["count"], at, shop_id)
            case "touch":
                self.touch(operation["count"], at, shop_id, operation["what"], operation["order_ids"])
            case "churn":
                start, end = operation["window"]
                self.churn(shop_id, (start, end), operation["count"], operation["place"], at)
            case "churn_after_sales":
                start, end = operation["window"]
                self.churn_after_sales(shop_id, (start, end), operation["count"], at)
            case "tell":
                pieces = tuple((line_id, count) for line_id, count in operation["pieces"])
                told = Parcel(at, operation["carrier"], operation["number"], pieces, operation["request"])
                self.tell(operation["order_id"], told)
            case "offer":
                self.offer(shop_id, operation["merchant_code"], operation["version"], operation["pieces"], at)
            case "shelve":
                self.shelve(shop_id, operation["merchant_code"], operation["standing"], at)
            case unknown:
                raise ValueError(
                    f"the journal holds the unknown operation {unknown!r}: remove the state directory"
                )
