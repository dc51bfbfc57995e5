"""checks.yaml: what checks compare with. Every threshold has a safe default.

A shop's own word wins over the defaults, a promotion's over the shop's while it lasts.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from orderhub.config.frozen import Frozen, Identifier, ZonedTime
from orderhub.config.located_yaml import nearest

Kind = Literal["address", "amount", "duplicate"]
KINDS: tuple[Kind, ...] = ("address", "amount", "duplicate")


def _pattern(text: str) -> str:
    try:
        compiled = re.compile(text)
    except re.error as error:
        raise ValueError(f"is no pattern ({error}); put a backslash before ( ) [ ] * + ? .") from None
    if not text.strip() or compiled.search(""):
        raise ValueError("finds every message; name a word")
    return text


Words = tuple[Annotated[str, AfterValidator(_pattern)], ...]
Percent = Annotated[int, Field(ge=1, le=100)]


class Thresholds(Frozen):
    """What an order of a shop may be before somebody looks at it."""

    duplicate_minutes: int = Field(
        default=10,
        ge=0,
        le=1440,
        description="Equal orders of one buyer within these minutes: the later is held.",
    )
    cost_floor_percent: int = Field(
        default=100, ge=0, le=1000, description="A piece paid with less than this share of its cost is held."
    )
    price_band_percent: int = Field(
        default=300,
        gt=100,
        le=10000,
        description="Up to this percent of the usual price, and down to its inverse, is usual.",
    )
    price_history_lines: int = Field(
        default=20,
        ge=1,
        le=10000,
        description="Lines of the last 30 days that make a price usual; with fewer the list price counts.",
    )
    quantity_cap: int = Field(default=999, ge=1, description="Pieces of one line that nobody looks at.")
    order_total_cap_fen: int = Field(
        default=5_000_000, ge=1, description="Fen of one order that nobody looks at."
    )
    shared_receiver_buyers: int = Field(
        default=3,
        ge=2,
        le=100,
        description="Buyers with one plain phone or address within a day that are suspicious.",
    )
    reachable: tuple[str, ...] = Field(
        default=(),
        description="Provinces (台湾省 …) or countries outside the mainland that a carrier reaches.",
    )
    breaker_minimum_orders: int = Field(
        default=20,
        ge=1,
        description="Orders from which on shares can stop the source; small passes are judged together.",
    )
    breaker_null_percent: Percent = Field(
        default=50, description="Share of recent orders without a needed value that stops the source."
    )
    breaker_swap_percent: Percent = Field(
        default=80,
        description="Share of recent lines about 100 times too dear or too cheap that stops the source.",
    )
    high_volume_orders: int = Field(
        default=20_000, ge=1, description="Orders of one pass that raise an alert; nothing stops."
    )


class ShopThresholds(Frozen):
    """What one shop does otherwise; keys that are left out keep the value of all shops."""

    shop: Identifier = Field(description="Shop id.")
    duplicate_minutes: int | None = Field(default=None, ge=0, le=1440, description="As above.")
    cost_floor_percent: int | None = Field(default=None, ge=0, le=1000, description="As above.")
    price_band_percent: int | None = Field(default=None, gt=100, le=10000, description="As above.")
    price_history_lines: int | None = Field(default=None, ge=1, le=10000, description="As above.")
    quantity_cap: int | None = Field(default=None, ge=1, description="As above.")
    order_total_cap_fen: int | None = Field(default=None, ge=1, description="As above.")
    shared_receiver_buyers: int | None = Field(default=None, ge=2, le=100, description="As above.")
    reachable: tuple[str, ...] | None = Field(default=None, description="As above.")
    breaker_minimum_orders: int | None = Field(default=None, ge=1, description="As above.")
    breaker_null_percent: Percent | None = Field(default=None, description="As above.")
    breaker_swap_percent: Percent | None = Field(default=None, description="As above.")
    high_volume_orders: int | None = Field(default=None, ge=1, description="As above.")


class Promotion(Frozen):
    """A time in which prices and repeat buys are meant to be other than usual."""

    id: Identifier
    shops: tuple[Identifier, ...] = Field(default=(), description="Shop ids; empty: every shop.")
    mark: str | None = Field(
        default=None, min_length=1, description="Only orders whose promotion mark contains this."
    )
    starts_at: ZonedTime = Field(description="First instant.")
    ends_at: ZonedTime = Field(description="First instant after it.")
    duplicate_minutes: int | None = Field(default=None, ge=0, le=1440, description="Instead of the shop's.")
    price_band_percent: int | None = Field(
        default=None, gt=100, le=100_000, description="Instead of the shop's."
    )
    is_floor_waived: bool = Field(default=False, description="Prices under the floor are meant (0.01 yuan).")

    @model_validator(mode="after")
    def _ordered(self) -> "Promotion":
        if self.starts_at >= self.ends_at:
            raise ValueError(f"promotion {self.id} must end after it starts")
        return self


class Memo(Frozen):
    """Words that buyers and sellers write; each is a word or a pattern. What is not listed never holds."""

    hold: Words = Field(min_length=1, description="Ask for a person: the order is held.")
    invoice: Words = Field(min_length=1, description="Ask for an invoice: a worklist, never a hold.")
    no_ship: Words = Field(
        min_length=1, description="Say brushing or sample: held until a supervisor confirms."
    )


class Flags(Frozen):
    """Flag colours of the seller, as the platform writes them; empty: flags mean nothing."""

    hold: tuple[str, ...] = Field(default=(), description="Ask for a person.")
    no_ship: tuple[str, ...] = Field(default=(), description="Say brushing or sample.")


class Streak(Frozen):
    """How many doubtful orders in a row escalate."""

    kinds: tuple[Kind, ...] = Field(default=KINDS, min_length=1, description="Kinds of checks that count.")
    length: int = Field(default=3, ge=2, le=100, description="Hits in a row.")
    mode: Literal["any", "same"] = Field(
        default="any", description="any: of any of the kinds; same: of one kind."
    )
    window_days: int = Field(default=30, ge=1, le=365, description="Days from the first to the last of them.")
    is_reset_by_clean: bool = Field(default=True, description="A clean order between ends the row.")
    minimum_percent: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Of a source: share of doubtful orders from which on a row means something.",
    )


class Streaks(Frozen):
    """Rows of doubtful orders: of one buyer (high risk), of one source (an incident)."""

    buyer: Streak = Streak()
    source: Streak = Streak(mode="same", window_days=1, minimum_percent=20)


class ChecksFile(Frozen):
    """checks.yaml."""

    defaults: Thresholds = Field(default=Thresholds(), description="Of every shop.")
    shops: tuple[ShopThresholds, ...] = Field(default=(), description="What one shop does otherwise.")
    promotions: tuple[Promotion, ...] = Field(default=(), description="The promotion calendar.")
    memo: Memo = Field(description="Words in messages and memos.")
    flags: Flags = Field(default=Flags(), description="Flag colours.")
    streaks: Streaks = Field(default=Streaks(), description="Doubtful orders in a row.")
    rule_incident_percent: Percent = Field(
        default=20,
        description="A rule that marks more than this share of a pass raises one alert of its own.",
    )
    rule_incident_minimum: int = Field(
        default=20, ge=1, description="Rows of a pass from which on the share counts."
    )

    def of_shop(self, shop_id: str) -> Thresholds:
        """Return the thresholds of one shop."""
        own = next((shop for shop in self.shops if shop.shop == shop_id), None)
        given = own.model_dump(exclude={"shop"}, exclude_none=True) if own else {}
        return self.defaults.model_copy(update=given)

    @property
    def longest_duplicate_minutes(self) -> int:
        """Return the longest window of any shop or promotion."""
        own = [shop.duplicate_minutes for shop in self.shops]
        own += [promotion.duplicate_minutes for promotion in self.promotions]
        return max([self.defaults.duplicate_minutes, *(minutes or 0 for minutes in own)])


def check_shops(checks: ChecksFile, shops: list[str]) -> None:
    """Refuse a threshold or promotion of a shop that does not exist.

    Raises:
        ValueError: naming the shop and the nearest one.
    """
    named = [own.shop for own in checks.shops]
    for shop in [*named, *(shop for promotion in checks.promotions for shop in promotion.shops)]:
        if shop not in shops:
            raise ValueError(f"shop {shop!r} does not exist; {nearest(shop, shops)}")
    ids = [promotion.id for promotion in checks.promotions]
    for what, values in (("shop", named), ("promotion", ids)):
        for value in values:
            if values.count(value) > 1:
                raise ValueError(f"{what} {value!r} is given twice")
