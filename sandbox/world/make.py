"""Draws one ordinary order: who, what, for how much. What happens to it later is `story`'s business."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.world import catalog
from sandbox.world.catalog import Shop, Sku
from sandbox.world.model import Buyer, Line, Order, Receiver
from sandbox.world.people import make_buyer, make_receiver
from sandbox.world.platforms import PLATFORMS, Platform

FREE_POST_FROM_FEN = 9900
POST_FEN = 800
REMOTE_POST_FEN = 1500
REMOTE = ("新疆", "西藏", "内蒙古", "青海", "宁夏", "甘肃", "海南")
FULL_REDUCTION_FROM_FEN = 20000
FULL_REDUCTION_FEN = 3000
GIFT_FROM_FEN = 25000
COUPONS_FEN = (0, 0, 0, 500, 1000)
FIRST_NUMBER = 2_160_450_000_000
MESSAGES = ("送人的,请不要放价签", "麻烦尽快发货,谢谢", "周末在家,工作日请放驿站", "第二次回购啦", "")


class OrderMaker:
    """Deterministic from its generator; remembers baskets: no ordinary order looks like a duplicate."""

    def __init__(self, rng: random.Random, buyers: int) -> None:
        self.rng = rng
        self._buyers: list[tuple[Buyer, Receiver]] = [
            (make_buyer(rng, number), make_receiver(rng)) for number in range(1, buyers + 1)
        ]
        self._baskets: set[tuple[str, frozenset[tuple[str, int]]]] = set()
        self._counter = FIRST_NUMBER + rng.randrange(10_000_000)
        self._sellable = [sku for sku in catalog.GOODS if sku.code != catalog.SHORT_EVERYWHERE]
        self._weights = [sku.weight for sku in self._sellable]

    def order_number(self, platform: str, buyer: Buyer, at: datetime) -> str:
        """Return a new order number in the platform's form."""
        self._counter += self.rng.randint(1, 9)
        return PLATFORMS[platform].order_number(self._counter, buyer, at)

    def pick_shop(self, shops: Sequence[Shop]) -> Shop:
        """Return one of the shops, by its share of the trade."""
        return self.rng.choices(shops, weights=[shop.share for shop in shops])[0]

    def order(
        self, shop: Shop, created: datetime, *, lines_at_least: int = 1, only: tuple[Sku, int] | None = None
    ) -> Order:
        """Return a paid order placed at `created`; `only` fixes its single line."""
        platform = PLATFORMS[shop.platform]
        buyer, receiver = self.rng.choice(self._buyers)
        basket = [only] if only else self._basket(buyer, lines_at_least, platform.most_lines)
        order_id = self.order_number(shop.platform, buyer, created)
        lines = [
            self._line(shop, platform.line_number(order_id, place), sku, quantity)
            for place, (sku, quantity) in enumerate(basket)
        ]
        order = Order(
            order_id, shop.platform, shop.shop_id, shop.name, buyer, receiver, lines, created, created
        )
        order.quiet_events = platform.quiet_events
        self._price(order)
        self._add_gift(order, shop, platform)
        order.record(created, "created")
        order.paid_at = created + timedelta(seconds=self.rng.randint(8, 600))
        order.record(order.paid_at, "paid")
        if self.rng.random() < 0.15:  # noqa: PLR2004 - share of buyers who write something
            order.buyer_message = self.rng.choice(MESSAGES)
        return order

    def twin(self, order: Order, created: datetime) -> Order:
        """Return a second order like `order`: same buyer, basket and receiver, its own id."""
        order_id = self.order_number(order.platform, order.buyer, created)
        number = PLATFORMS[order.platform].line_number
        lines = [replace(line, line_id=number(order_id, place)) for place, line in enumerate(order.lines)]
        again = replace(order, order_id=order_id, lines=lines, created=created, modified=created)
        again.intents, again.events, again.parcels, again.after_sales = [], [], [], []
        again.record(created, "created")
        again.paid_at = created + timedelta(seconds=self.rng.randint(5, 40))
        again.record(again.paid_at, "paid")
        return again

    def _basket(self, buyer: Buyer, at_least: int, at_most: int) -> list[tuple[Sku, int]]:
        at_least = min(at_least, at_most)
        while True:
            size = max(at_least, self.rng.choices((1, 2, 3, 4), weights=(60, 26, 10, 4))[0])
            drawn = self.rng.choices(self._sellable, weights=self._weights, k=size)
            skus = list(dict.fromkeys(drawn))[:at_most]
            basket = [(sku, self.rng.choices((1, 2, 3), weights=(78, 17, 5))[0]) for sku in skus]
            codes = {sku.code for sku in skus}
            key = (buyer.open_uid, frozenset((sku.sku_id, quantity) for sku, quantity in basket))
            torn = codes & set(catalog.SCARCE_IN_HANGZHOU) and codes & set(catalog.SCARCE_IN_YIWU)
            if len(skus) >= at_least and key not in self._baskets and not torn:
                self._baskets.add(key)
                return basket

    def _line(self, shop: Shop, line_id: str, sku: Sku, quantity: int) -> Line:
        return Line(
            line_id,
            sku.code,
            sku.outer_iid if sku.has_variants else catalog.platform_code(shop.shop_id, sku),
            catalog.platform_code(shop.shop_id, sku) if sku.has_variants else "",
            catalog.platform_item_id(sku),
            f"46{sku.number:011d}" if sku.has_variants else "",
            "" if sku is catalog.UNMAPPED else sku.sku_id,
            sku.title,
            sku.properties,
            quantity,
            sku.price_fen,
            is_gift=sku.is_gift,
        )

    def _price(self, order: Order) -> None:
        for line in order.lines:
            if self.rng.random() < 0.25:  # noqa: PLR2004 - share of lines with a limited-time price
                line.discount_fen = line.price_fen * line.quantity * self.rng.choice((5, 8, 10)) // 100
        if len(order.lines) == 1 and self.rng.random() < 0.04:  # noqa: PLR2004 - price changed by hand
            order.lines[0].adjust_fen = -self.rng.choice((100, 300, 500))
        goods = sum(line.total_fen for line in order.lines)
        order.coupon_fen = self.rng.choice(COUPONS_FEN)
        reduction = FULL_REDUCTION_FEN if goods >= FULL_REDUCTION_FROM_FEN else 0
        spread_discount(order, order.coupon_fen + reduction)
        if goods < FREE_POST_FROM_FEN:
            order.post_fen = REMOTE_POST_FEN if order.receiver.state.startswith(REMOTE) else POST_FEN

    def _add_gift(self, order: Order, shop: Shop, platform: Platform) -> None:
        if sum(line.total_fen for line in order.lines) >= GIFT_FROM_FEN:
            gift = self.rng.choice(catalog.GIFTS)
            number = platform.line_number(order.order_id, len(order.lines))
            order.lines.append(self._line(shop, number, gift, 1))


def spread_discount(order: Order, discount_fen: int) -> None:
    """Spread a discount of the whole order over its lines by value; the last line takes the rounding."""
    paid = [line for line in order.lines if line.total_fen > 0]
    goods = sum(line.total_fen for line in paid)
    left = discount_fen
    for line in paid[:-1]:
        line.shared_discount_fen = discount_fen * line.total_fen // goods
        left -= line.shared_discount_fen
    paid[-1].shared_discount_fen = left
