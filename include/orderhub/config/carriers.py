"""carriers.yaml: express companies, what they charge, what they can do, and which one is tried first."""

import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from orderhub.config.frozen import Frozen, Identifier

_YUAN = re.compile(r"[0-9]{1,7}(\.[0-9]{1,2})?")


def _fen(value: object) -> int:
    if not _YUAN.fullmatch(str(value)):
        raise ValueError("must be an amount in yuan, for example 5.50")
    return int(Decimal(str(value)) * 100)


def _time_of_day(value: object) -> time:
    try:
        hours, minutes = str(value).split(":")
        return time(int(hours), int(minutes))
    except ValueError:
        raise ValueError("must be a time of day such as 18:00") from None


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("must be a day such as 2026-11-11") from None


Yuan = Annotated[int, BeforeValidator(_fen)]
Grams = Annotated[int, Field(ge=1, le=10_000_000)]
Capability = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,29}$")]


class Tariff(Frozen):
    """One row of a freight table: what is over the first weight is charged by begun continued weights."""

    region: tuple[str, ...] = Field(
        default=(), description="Region sets of regions.csv; empty: everywhere that no row before names."
    )
    first_g: Grams = Field(description="First weight (首重), grams.")
    first: Yuan = Field(description="Its fee, yuan.")
    next_g: Grams = Field(description="Continued weight (续重), grams.")
    next: Yuan = Field(description="Its fee, yuan.")


class WaybillAccount(Frozen):
    """Where waybill numbers of a carrier come from."""

    service: Literal["cainiao", "kuaidi100"] = Field(description="Whose protocol the service speaks.")
    connection: str = Field(min_length=1, description="Connection id with its address, key and secret.")
    account: str = Field(default="", description="The merchant's account (月结) at the carrier.")
    template: str = Field(min_length=1, description="The label's template: an address or an id.")
    product: str = Field(default="", description="The carrier's product, where it has several.")
    channels: Mapping[str, str] = Field(
        min_length=1,
        description="Platform → its code at the service; others' orders get their labels elsewhere.",
    )


class Carrier(Frozen):
    """One express company (快递)."""

    id: Identifier = Field(description="Our id, never changed later.")
    name: str = Field(min_length=1, description="As people call it.")
    codes: Mapping[str, str] = Field(
        default={},
        description="Platform → its code of this carrier; also wms, and each waybill service by its name.",
    )
    asked_as: tuple[str, ...] = Field(default=(), description="Words by which a memo asks for it: 顺丰, sf.")
    serves: tuple[str, ...] = Field(default=(), description="Region sets it goes to; empty: everywhere.")
    not_served: tuple[str, ...] = Field(default=(), description="Region sets it does not go to.")
    freight: tuple[Tariff, ...] = Field(
        default=(), description="What it charges, read from top to bottom; without it, it is the dearest."
    )
    daily_orders: int | None = Field(
        default=None, ge=1, description="Documents that it takes on one Beijing day; empty: any number."
    )
    cutoff: Annotated[time, BeforeValidator(_time_of_day)] | None = Field(
        default=None, description="Asia/Shanghai; later it takes nothing that must leave today."
    )
    capabilities: tuple[Capability, ...] = Field(
        default=(),
        description="What it can do: cod, home_delivery, next_day, fragile, fresh, insured, …",
    )
    max_weight_g: Grams | None = Field(default=None, description="The heaviest parcel, grams; empty: any.")
    waybill: WaybillAccount | None = Field(
        default=None,
        description="Where its waybill numbers come from; empty: the warehouse gets them itself.",
    )


class Range(Frozen):
    """Both ends belong to it; one that is not given is open."""

    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)


class YuanRange(Frozen):
    """Both ends belong to it; one that is not given is open."""

    min: Yuan | None = None
    max: Yuan | None = None


class CarrierCondition(Frozen):
    """All given parts must hold; nothing given always holds."""

    region: tuple[str, ...] = Field(default=(), description="Region sets of regions.csv; any of them.")
    platform: tuple[str, ...] = Field(default=(), description="Platforms; any of them.")
    shop: tuple[str, ...] = Field(default=(), description="Shop ids; any of them.")
    warehouse: tuple[str, ...] = Field(default=(), description="Warehouses that send it; any of them.")
    tag: tuple[str, ...] = Field(default=(), description="Tags of skus.csv; any of its goods has one.")
    weight_g: Range = Field(default=Range(), description="Grams of all its goods.")
    amount: YuanRange = Field(default=YuanRange(), description="Yuan paid for the order.")


class CarrierReason(Frozen):
    """Why, for people."""

    zh: str
    en: str


class CarrierRule(Frozen):
    """Ordered; the first whose condition holds says who is tried first. The others follow by cost."""

    id: Identifier
    when: CarrierCondition = CarrierCondition()
    carriers: tuple[str, ...] = Field(min_length=1, description="Tried in this order.")
    pick: Literal["in_order", "cheapest"] = Field(
        default="in_order", description="cheapest: the carriers of the rule are tried by cost."
    )
    shares: Mapping[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default={}, description="Carrier → its share; who is drawn by share is tried first."
    )
    only: bool = Field(default=False, description="True: nobody else is tried after them.")
    since: Annotated[date, BeforeValidator(_day)] | None = Field(
        default=None, description="First Beijing day on which the rule is read; empty: always."
    )
    until: Annotated[date, BeforeValidator(_day)] | None = Field(
        default=None, description="Last Beijing day on which the rule is read; empty: for good."
    )
    reason: CarrierReason

    @model_validator(mode="after")
    def _shares_are_its_own(self) -> "CarrierRule":
        for carrier in self.shares:
            if carrier not in self.carriers:
                raise ValueError(f"shares name {carrier!r}, which carriers does not")
        if self.since and self.until and self.since > self.until:
            raise ValueError("since lies after until")
        return self


class Carriers(Frozen):
    """carriers.yaml; without the file no carrier is chosen, and the warehouse decides."""

    carriers: tuple[Carrier, ...] = Field(default=(), description="In this order where nothing else decides.")
    rules: tuple[CarrierRule, ...] = Field(default=(), description="Read from top to bottom.")
    needs: Mapping[str, Capability] = Field(
        default={
            "易碎": "fragile", "fragile": "fragile", "生鲜": "fresh", "fresh": "fresh", "保价": "insured",
            "insured": "insured",
        },
        description="Tag of skus.csv → capability that its carrier must have.",
    )  # fmt: skip
    ship_weekdays: Mapping[str, tuple[Annotated[int, Field(ge=1, le=7)], ...]] = Field(
        default={}, description="Tag of skus.csv → weekdays (1 Monday to 7 Sunday) on which it may leave."
    )

    @model_validator(mode="after")
    def _unambiguous(self) -> "Carriers":
        for what, names in (
            ("carrier id", [carrier.id for carrier in self.carriers]),
            ("carrier rule id", [rule.id for rule in self.rules]),
            ("asked_as", [word.casefold() for carrier in self.carriers for word in carrier.asked_as]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{what} {name!r} is used twice")
        return self

    def carrier(self, carrier_id: str | None) -> Carrier | None:
        """Return the carrier with this id; None where it is gone or none was chosen."""
        return next((carrier for carrier in self.carriers if carrier.id == carrier_id), None)
