"""`routing.yaml` and the profiles `routing/*.yaml` as frozen models: what rules ask and name."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from orderhub.config.frozen import Frozen, Identifier, refuse_repeated
from orderhub.config.moments import beijing_instant

_YUAN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")


def _fen(value: object) -> object:
    if isinstance(value, int):
        return value
    if not _YUAN.fullmatch(str(value)):
        raise ValueError("is not an amount in yuan, for example 129.00")
    return int(Decimal(str(value)) * 100)


def _since(value: object) -> object:
    return value if isinstance(value, datetime) else beijing_instant(str(value))


def _until(value: object) -> object:
    return value if isinstance(value, datetime) else beijing_instant(str(value), is_end=True)


Fen = Annotated[int, BeforeValidator(_fen)]
Since = Annotated[datetime, BeforeValidator(_since)]
Until = Annotated[datetime, BeforeValidator(_until)]


class Amount(Frozen):
    """How much was paid; at least one end is given."""

    min: Fen | None = Field(default=None, description="Yuan, for example 99.00; this much or more.")
    max: Fen | None = Field(default=None, description="Yuan; this much or less.")

    @model_validator(mode="after")
    def _ordered(self) -> "Amount":
        _refuse_no_range(self.min, self.max)
        return self


class Range(Frozen):
    """From the least to the most; at least one end is given."""

    min: int | None = Field(default=None, ge=0, description="This many or more.")
    max: int | None = Field(default=None, ge=0, description="This many or fewer.")

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        _refuse_no_range(self.min, self.max)
        return self


class Condition(Frozen):
    """All given parts must hold; nothing given always holds."""

    region: tuple[str, ...] = Field(default=(), description="Region sets of regions.csv; any of them.")
    province: tuple[str, ...] = Field(default=(), description="Provinces by full name; any of them.")
    city: tuple[str, ...] = Field(default=(), description="Cities by full name, 金华市; any of them.")
    platform: tuple[str, ...] = Field(default=(), description="Platforms; any of them.")
    shop: tuple[str, ...] = Field(default=(), description="Shop ids; any of them.")
    sku: tuple[str, ...] = Field(default=(), description="SKUs of skus.csv; any line has any of them.")
    tag: tuple[str, ...] = Field(default=(), description="Tags of skus.csv; any line has any of them.")
    tier: tuple[str, ...] = Field(default=(), description="Customer tiers of tiers.csv; any of them.")
    promotion: tuple[str, ...] = Field(
        default=(), description="Promotions of checks.yaml that the order was paid in; any of them."
    )
    amount: Amount | None = Field(default=None, description="What was paid for the order.")
    weight_g: Range | None = Field(default=None, description="Grams of all pieces together, by skus.csv.")
    pieces: Range | None = Field(default=None, description="Pieces of all lines together.")
    since: Since | None = Field(
        default=None, description="Paid then or later (cash on delivery: placed). Beijing day or time."
    )
    until: Until | None = Field(default=None, description="Paid before the end of it. Beijing day or time.")


class Reason(Frozen):
    """Why, for people."""

    zh: str
    en: str


class RoutingRule(Frozen):
    """Ordered; the first whose condition holds decides."""

    id: Identifier
    when: Condition = Condition()
    warehouses: tuple[str, ...] = Field(
        min_length=1, description="Tried in this order, then their backups (warehouses.yaml)."
    )
    none_can_fill: Literal["wait", "backorder", "hold"] = Field(
        default="wait",
        description="wait: goes on by itself when goods arrive; backorder: the same with a promised day; "
        "hold: a person decides.",
    )
    split_from: Fen | None = Field(
        default=None,
        description="When no warehouse has all of it, two may ship it in parts, each paid with this or more, "
        "yuan; not on platforms that take one parcel per order. Not given: an order never parts.",
    )
    promise_days: int | None = Field(
        default=None, ge=1, le=90, description="backorder: the promised day is so many days away."
    )
    reason: Reason

    @model_validator(mode="after")
    def _promised(self) -> "RoutingRule":
        if (self.none_can_fill == "backorder") != (self.promise_days is not None):
            raise ValueError("promise_days belongs to none_can_fill: backorder, and to nothing else")
        return self


class Merging(Frozen):
    """How much leaves in one parcel, when orders of one receiver leave together (合单)."""

    orders: int = Field(default=10, ge=1, le=100, description="Orders; 1: nothing is merged.")
    pieces: int = Field(default=30, ge=1, description="Pieces of all of them.")
    weight_g: int = Field(default=20_000, ge=1, description="Grams of all of them, by skus.csv.")


class Routing(Frozen):
    """routing.yaml."""

    rules: tuple[RoutingRule, ...] = Field(min_length=1)
    tiers: tuple[Identifier, ...] = Field(
        default=(), description="Customer tiers of tiers.csv, those served first first."
    )
    settle_minutes: int = Field(
        default=15,
        ge=0,
        le=240,
        description="How long an order stays reserved before a scheduled list takes it; not when its "
        "hand-over is promised before the next list.",
    )
    reservation_days: int = Field(
        default=14,
        ge=1,
        description="A reservation that no list takes for so many days expires: the stock goes back, and the "
        "order is decided anew among the others.",
    )
    closing_days: int = Field(
        default=3, ge=0, le=30, description="A closing of calendar.csv is told of so many days before."
    )
    copies_days: int = Field(
        default=90,
        ge=7,
        description="Copies of files that were handed over are kept so many days after their list closed; "
        "longer while anything on it may still leave.",
    )

    no_split: tuple[str, ...] = Field(
        default=("不拆单", "no-split"),
        description="Tags of skus.csv; an order with such goods never parts, whatever split_from says.",
    )
    merge: Merging = Field(
        default=Merging(),
        description="The most that one parcel takes of several orders of one buyer to one receiver.",
    )

    @model_validator(mode="after")
    def _unique(self) -> "Routing":
        refuse_repeated("routing rule id", [rule.id for rule in self.rules])
        refuse_repeated("tier", list(self.tiers))
        return self


class Effective(Frozen):
    """When a profile replaces the rules of routing.yaml."""

    since: Since = Field(description="First instant; Beijing day or time.")
    until: Until = Field(description="Last day, or the instant at which it ends.")

    @model_validator(mode="after")
    def _ordered(self) -> "Effective":
        if self.since >= self.until:
            raise ValueError("must end after it starts")
        return self


class RoutingProfile(Frozen):
    """routing/NAME.yaml: other rules for a time; NAME and the rule's id name a rule: double11/east."""

    effective: Effective
    rules: tuple[RoutingRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> "RoutingProfile":
        refuse_repeated("routing rule id", [rule.id for rule in self.rules])
        return self


def _refuse_no_range(least: int | None, most: int | None) -> None:
    if least is None and most is None:
        raise ValueError("must give min or max")
    if least is not None and most is not None and least > most:
        raise ValueError("min must not be above max")
