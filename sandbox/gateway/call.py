"""A call that passed the checks, and the lists it may read: page shift, lag, noise and lies included."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sandbox.faults import Fault
from sandbox.gateway.wire import Incoming
from sandbox.world.model import AfterSale, Order
from sandbox.world.modified_index import ModifiedIndex
from sandbox.world.world import World

Record = TypeVar("Record", Order, AfterSale)
Window = tuple[int, int]
Cursor = tuple[int, str]
Version = tuple[datetime, int]
START = (0, "")
LATEST = 2**62


@dataclass(slots=True)
class Behavior:
    """How a platform misbehaves as a rule (planned single failures are in `sandbox.faults`).

    `end_counts`: whether a window holds the second at which it ends; the documents of Taobao, JD and
    Pinduoduo do not say.
    """

    lag: timedelta = timedelta(0)
    churn_per_call: int = 0
    churn_place: int = 0
    churn_shop: str = ""
    noise: bool = False
    duplicate_rate: float = 0.0
    list_delay_ms: int = 0
    detail_delay_ms: int = 0
    end_counts: bool = True


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """A page of a list. `cursor` is where the next one starts, when it was read by cursor."""

    rows: list[Record]
    total: int
    has_next: bool
    cursor: Cursor = START


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a shop at platform time `now`, and everything its method may look at."""

    incoming: Incoming
    shop_id: str
    now: datetime
    world: World
    behavior: Behavior
    noise: random.Random
    struck: Sequence[Fault] = field(default=())
    encoded: dict[str, tuple[Version, bytes]] = field(default_factory=dict)

    def encoded_once(self, order: Order, encode: Callable[[Order], bytes]) -> bytes:
        """Return what `encode` makes of an order; an order that has not changed is not encoded again.

        Every change of an order adds an event, also one that leaves `modified` as it is.
        """
        version = order.modified, len(order.events)
        known = self.encoded.get(order.order_id)
        if known is None or known[0] != version:
            known = self.encoded[order.order_id] = version, encode(order)
        return known[1]

    def order(self, order_id: str) -> Order | None:
        """Return an order of this shop, or None: an order of another shop does not exist here."""
        order = self.world.orders.get(order_id)
        return order if order and order.shop_id == self.shop_id else None

    def after_sale(self, after_sale_id: str) -> AfterSale | None:
        """Return an after-sale of this shop, or None."""
        found = self.world.after_sales.get(after_sale_id)
        return found if found and found.shop_id == self.shop_id else None

    def orders_modified(
        self,
        window: Window,
        page: int,
        size: int,
        keep: Callable[[Order], bool] | None = None,
        *,
        oldest_first: bool = False,
    ) -> Page[Order]:
        """Return page `page` (from 1) of the orders modified in the closed window of epoch seconds."""
        self._churn_orders(window)
        index = self.world.order_index[self.shop_id]
        return self._modified(self.world.orders, index, window, page, size, keep, oldest_first=oldest_first)

    def after_sales_modified(
        self,
        window: Window,
        page: int,
        size: int,
        keep: Callable[[AfterSale], bool] | None = None,
        *,
        oldest_first: bool = False,
    ) -> Page[AfterSale]:
        """Return page `page` (from 1) of the after-sales modified in the closed window of epoch seconds."""
        self._churn_after_sales(window)
        index = self.world.after_sale_index[self.shop_id]
        found = self.world.after_sales
        return self._modified(found, index, window, page, size, keep, oldest_first=oldest_first)

    def orders_dated(
        self,
        when: Callable[[Order], datetime | None],
        window: Window,
        page: int,
        size: int,
        *,
        oldest_first: bool = False,
    ) -> Page[Order]:
        """Return page `page` (from 1) of the orders whose `when`, an event's time, lies in the window."""
        self._churn_orders(window)
        index = self.world.event_index[self.shop_id]
        return self._dated(self.world.orders, index, when, window, page, size, oldest_first=oldest_first)

    def after_sales_dated(
        self, when: Callable[[AfterSale], datetime | None], window: Window, page: int, size: int
    ) -> Page[AfterSale]:
        """Return page `page` (from 1), newest first, of the after-sales whose `when` lies in the window."""
        self._churn_after_sales(window)
        index = self.world.after_sale_index[self.shop_id]
        return self._dated(self.world.after_sales, index, when, window, page, size, oldest_first=False)

    def orders_by_cursor(self, window: Window, cursor: Cursor, size: int) -> Page[Order]:
        """Return up to `size` orders of the window that follow `cursor` (`START` at first), oldest first."""
        self._churn_orders(window)
        index = self.world.order_index[self.shop_id]
        return self._following(self.world.orders, index, self._visible(window), cursor, size)

    def after_sales_by_cursor(self, window: Window, cursor: Cursor, size: int) -> Page[AfterSale]:
        """Return up to `size` after-sales of the window that follow `cursor`, oldest first."""
        self._churn_after_sales(window)
        index = self.world.after_sale_index[self.shop_id]
        return self._following(self.world.after_sales, index, self._visible(window), cursor, size)

    def _churn_orders(self, window: Window) -> None:
        moved, placed = self.behavior.churn_per_call, self.behavior.churn_place
        if (moved or placed) and self.behavior.churn_shop in {"", self.shop_id}:
            self.world.churn(self.shop_id, window, moved, placed, self.now)

    def _churn_after_sales(self, window: Window) -> None:
        if self.behavior.churn_per_call and self.behavior.churn_shop in {"", self.shop_id}:
            self.world.churn_after_sales(self.shop_id, window, self.behavior.churn_per_call, self.now)

    def _visible(self, window: Window) -> Window:
        end = window[1] if self.behavior.end_counts else window[1] - 1
        return window[0], min(end, int((self.now - self.behavior.lag).timestamp()))

    def _modified(
        self,
        records: dict[str, Record],
        index: ModifiedIndex,
        window: Window,
        page: int,
        size: int,
        keep: Callable[[Record], bool] | None,
        *,
        oldest_first: bool,
    ) -> Page[Record]:
        low, high = index.span(*self._visible(window))
        skipped = (page - 1) * size
        if keep is None:
            first = low + skipped if oldest_first else high - skipped - size
            span = max(low, first), max(low, min(high, first + size))
            rows = [records[key] for key in index.between(*span, oldest_first=oldest_first)]
            total = high - low
        else:
            found = (records[key] for key in index.between(low, high, oldest_first=oldest_first))
            kept = [record for record in found if keep(record)]
            rows, total = kept[skipped : skipped + size], len(kept)
        return self._told(Page(rows, total, skipped + size < total))

    def _dated(
        self,
        records: dict[str, Record],
        index: ModifiedIndex,
        when: Callable[[Record], datetime | None],
        window: Window,
        page: int,
        size: int,
        *,
        oldest_first: bool,
    ) -> Page[Record]:
        first, last = self._visible(window)
        # Nothing happens to a record after its time in the index: older ones cannot lie in the window.
        dated = [
            (at, record)
            for key in index.between(*index.span(first, LATEST), oldest_first=True)
            if (at := when(record := records[key])) is not None and first <= int(at.timestamp()) <= last
        ]
        # The sort is stable, so records of one second come in the order of the index: the same on every page.
        dated.sort(key=lambda pair: pair[0], reverse=not oldest_first)
        rows = [record for _, record in dated[(page - 1) * size : page * size]]
        return self._told(Page(rows, len(dated), page * size < len(dated)))

    def _following(
        self, records: dict[str, Record], index: ModifiedIndex, window: Window, cursor: Cursor, size: int
    ) -> Page[Record]:
        low, high = index.span(*window)
        found = index.after(*window, cursor, size + 1)
        rows = [records[key] for _, key in found[:size]]
        last = found[len(rows) - 1] if rows else cursor
        return self._told(Page(rows, high - low, len(found) > size, last))

    def _told(self, page: Page[Record]) -> Page[Record]:
        rows, total, has_next = page.rows, page.total, page.has_next
        if self.behavior.noise:
            rows = rows + [row for row in rows if self.noise.random() < self.behavior.duplicate_rate]
            self.noise.shuffle(rows)
        for fault in self.struck:
            if fault.kind == "lying_total":
                total = max(0, total + fault.delta)
            has_next = has_next or fault.kind == "endless_has_next"
        return Page(rows, total, has_next, page.cursor)
