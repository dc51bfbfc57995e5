"""What a routing rule may ask of an order, and what an order answers.

Standard library only. A fact that is not known is None and is never guessed; who asks learns which it was.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

#: (province, city) pairs; an empty city means the whole province.
Places = frozenset[tuple[str, str]]


class Fact(StrEnum):
    """What is asked; the value is what explanations call it."""

    PLACE = "region"
    PLATFORM = "platform"
    SHOP = "shop"
    TIER = "tier"
    SKU = "sku"
    TAG = "tag"
    PROMOTION = "promotion"
    AMOUNT = "amount"
    WEIGHT = "weight"
    PIECES = "pieces"
    PAID_AT = "paid_at"


@dataclass(slots=True)
class OrderFacts:
    """What routing knows of one order.

    Attributes:
        province: full name; None where the receiver's region is unknown.
        city: full name; None for counties that a province runs itself.
        platform: where it was sold.
        shop_id: who sold it.
        needs: SKU → pieces.
        paid_fen: what was paid.
        paid_at: when; cash on delivery: when it was placed.
        promotion_mark: as the platform says; None: none.
        tier: the buyer's; empty: none; None: the platform names its buyers, and not this one.
    """

    province: str | None
    city: str | None
    platform: str
    shop_id: str
    needs: Mapping[str, int]
    paid_fen: int | None = None
    paid_at: datetime | None = None
    promotion_mark: str | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Goods:
    """What is known of a SKU."""

    weight_g: int
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SalePeriod:
    """A promotion: orders paid in its time, in its shops, whose promotion mark contains its own."""

    promotion_id: str
    since: datetime
    until: datetime
    shops: frozenset[str] = frozenset()
    mark: str | None = None

    def includes(self, facts: OrderFacts) -> bool:
        """Return whether an order whose time is known was bought in it."""
        return (
            facts.paid_at is not None
            and self.since <= facts.paid_at < self.until
            and (not self.shops or facts.shop_id in self.shops)
            and (self.mark is None or self.mark in (facts.promotion_mark or ""))
        )


@dataclass(frozen=True, slots=True)
class OneOf:
    """The fact is one of several words."""

    fact: Fact
    words: frozenset[str]

    def holds(self, value: str) -> bool:
        """Return whether `value` is one of them."""
        return value in self.words


@dataclass(frozen=True, slots=True)
class LiesIn:
    """The order goes to one of several places."""

    places: Places = frozenset()
    cities: frozenset[str] = frozenset()
    fact: Fact = Fact.PLACE

    def holds(self, value: tuple[str, str]) -> bool:
        """Return whether the place, its province or its city is meant."""
        return value in self.places or (value[0], "") in self.places or value[1] in self.cities


@dataclass(frozen=True, slots=True)
class HasAny:
    """At least one of the order's own words is among those asked for."""

    fact: Fact
    words: frozenset[str]

    def holds(self, value: frozenset[str]) -> bool:
        """Return whether the two share a word."""
        return not self.words.isdisjoint(value)


@dataclass(frozen=True, slots=True)
class Between:
    """The fact is at least `least` and below `below`; None: no such end."""

    fact: Fact
    least: Any = None
    below: Any = None

    def holds(self, value: Any) -> bool:
        """Return whether `value` lies between."""
        return (self.least is None or value >= self.least) and (self.below is None or value < self.below)


Test = OneOf | LiesIn | HasAny | Between


class Readings:
    """Reads those facts of an order that are asked for, and no other.

    Args:
        tests: all that is asked, of any rule.
        goods: SKU → what is known of it.
        sales: the promotion calendar.
    """

    def __init__(
        self, tests: Sequence[Test], goods: Mapping[str, Goods], sales: Iterable[SalePeriod]
    ) -> None:
        self.facts = tuple(dict.fromkeys(test.fact for test in tests))
        self._goods = goods
        self._sales = tuple(sales)
        words = [(test.fact, test.words) for test in tests if isinstance(test, HasAny)]
        self._skus = frozenset(word for fact, asked in words if fact is Fact.SKU for word in asked)
        readers: dict[Fact, Callable[[OrderFacts], Hashable]] = {
            Fact.PLACE: _place,
            Fact.PLATFORM: attrgetter("platform"),
            Fact.SHOP: attrgetter("shop_id"),
            Fact.TIER: attrgetter("tier"),
            Fact.SKU: lambda facts: self._skus.intersection(facts.needs),
            Fact.TAG: self._tags,
            Fact.PROMOTION: self._promotions,
            Fact.AMOUNT: attrgetter("paid_fen"),
            Fact.WEIGHT: self._weight,
            Fact.PIECES: lambda facts: sum(facts.needs.values()),
            Fact.PAID_AT: attrgetter("paid_at"),
        }
        self._readers = [readers[fact] for fact in self.facts]

    def of(self, facts: OrderFacts) -> tuple[Hashable, ...]:
        """Return the facts asked for, in the order of `self.facts`; None: not known."""
        return tuple([read(facts) for read in self._readers])

    def _tags(self, facts: OrderFacts) -> frozenset[str]:
        goods = [self._goods[sku] for sku in facts.needs if sku in self._goods]
        return frozenset(tag for known in goods for tag in known.tags)

    def _promotions(self, facts: OrderFacts) -> frozenset[str] | None:
        if facts.paid_at is None:
            return None
        return frozenset(sale.promotion_id for sale in self._sales if sale.includes(facts))

    def _weight(self, facts: OrderFacts) -> int | None:
        """Return grams; one piece of unknown weight makes the parcel's unknown."""
        if not self._goods.keys() >= facts.needs.keys():
            return None
        return sum(self._goods[sku].weight_g * pieces for sku, pieces in facts.needs.items())


def _place(facts: OrderFacts) -> tuple[str, str] | None:
    return (facts.province, facts.city or "") if facts.province else None
