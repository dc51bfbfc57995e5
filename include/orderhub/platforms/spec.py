"""`platform.yaml` as a typed spec: what one platform's protocol looks like, and what its states mean.

The protocol half is in protocol.py; the engine knows schemes by name and never a platform.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from orderhub import paths
from orderhub.config.frozen import Frozen, Identifier
from orderhub.config.located_yaml import nearest, parse
from orderhub.config.models import MerchantConfig
from orderhub.errors import ConfigError
from orderhub.platforms.field_map import REQUIRED_OF_REFUNDS, FieldMap, read_field_map
from orderhub.platforms.merging import MergeQuestion
from orderhub.platforms.protocol import Api, Stream
from orderhub.platforms.writes import Ship, StockWrite

Gate = Literal["ship", "wait", "stop"]
OrderStatus = Literal["unpaid", "paid_hold", "to_ship", "part_shipped", "shipped", "done", "closed"]


class Records(Frozen):
    """Where the parts of an order are inside a payload; empty path = the payload itself."""

    order: str = ""
    lines: str = Field(
        description="Path of the list of lines; a+b joins lists, and _list of a line then names its list."
    )
    receiver: str = ""
    refund: str = ""


class StatusMeaning(Frozen):
    """One state of the platform in our words."""

    status: str
    canonical: OrderStatus
    rank: int = Field(ge=0, le=99, description="Progress; later wins when two versions tie.")
    terminal: bool = False
    gate: Gate
    payment: Literal["unpaid", "deposit_paid", "paid", "cod_accepted", "refunded"]
    reason: str = ""


class Flag(Frozen):
    """A field outside the status that closes the gate."""

    id: Identifier
    path: str = Field(description="name=x steps into the first item of a list whose name is x.")
    any_of: tuple[str, ...] = Field(
        min_length=1,
        description="Values as text; booleans are true / false; * is anything not empty.",
    )
    gate: Literal["wait", "stop"]
    payment: Literal["unpaid", "deposit_paid", "refunded"] | None = None
    canonical: OrderStatus | None = Field(
        default=None, description="The order's status while the flag is in force; else that of its status."
    )
    reason: str


class LineFlag(Frozen):
    """A field of a line that closes its gate, and no other line's: the platform ships it itself, for one."""

    id: Identifier
    path: str = Field(description="As in flags, from the line.")
    any_of: tuple[str, ...] = Field(min_length=1, description="Values as text, as in flags.")
    gate: Literal["wait", "stop"]
    reason: str


class CashOnDelivery(Frozen):
    """A field that says that the buyer pays at the door: `paid` of a status is then `cod_accepted`."""

    path: str
    any_of: tuple[str, ...] = Field(min_length=1, description="Values as text, as in flags.")


class Service(Frozen):
    """A field that asks for a service, or for one of some carriers."""

    path: str = Field(description="As in flags.")
    any_of: tuple[str, ...] = Field(
        default=("*",), min_length=1, description="Values as text, as in flags; also as items of a list."
    )
    service: Literal["home_delivery", "next_day", "transit"] | None = Field(
        default=None, description="The service; transit: the receiver is a depot that sends it on."
    )
    carriers: tuple[str, ...] = Field(
        default=(), description="Carriers of which the platform wants one, by its own codes."
    )
    is_carrier_code: bool = Field(default=False, description="The value is such a code, or a list of them.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Service":
        if bool(self.service) + bool(self.carriers) + self.is_carrier_code != 1:
            raise ValueError("give one of service, carriers and is_carrier_code")
        return self


class Shipped(Frozen):
    """Goods in parcels, where lines do not say that they left: all gone stops a line, some let it wait."""

    goods: str = Field(description="Path of the goods of all parcels; * is every item of a list.")
    sku: str = Field(default="", description="Key of a good, equal to the line's platform_sku_id.")
    line: str = Field(default="", description="Instead of sku: key of a good, equal to the line's line_id.")
    quantity: str = Field(description="Key of a good: pieces in this parcel.")

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if bool(self.sku) == bool(self.line):
            raise ValueError("name the key of a good that is its SKU or its line: sku or line")
        return self


class RefundMeaning(Frozen):
    """A line's refund state in our words. pending waits, refunded stops, none ships."""

    status: str
    state: Literal["none", "pending", "refunded"]


class RefundState(Frozen):
    """One state of the stream refunds: open makes its line wait, refunded stops it, withdrawn frees it."""

    status: str
    state: Literal["open", "refunded", "withdrawn"]
    rank: int = Field(ge=0, le=99, description="Progress; later wins when two versions tie.")
    terminal: bool = Field(default=False, description="True: the platform never reopens it.")
    replaces: Mapping[Literal["exchange", "resend"], Literal["agreed", "sends", "dropped"]] = Field(
        default={},
        description="What the state says of a replacement, by kind. agreed: the seller agreed. sends: the "
        "platform waits for the seller to send. dropped: it became a refund.",
    )


class RefundKind(Frozen):
    """What a kind of after-sale means. money: the buyer keeps the goods, so the line ships all the same.

    resend: goods are sent again and none come back.
    """

    value: str
    sub_value: str | None = Field(
        default=None, description="Only with this sub_kind; such an entry wins over one without."
    )
    kind: Literal["refund", "return", "exchange", "resend", "money"]


class Downstream(Frozen):
    """What the platform allows after the pull."""

    parcels: Literal["lines", "extra_numbers", "one"] = Field(
        description="How one order may leave in parcels: line by line, by more tracking numbers, or as one."
    )
    buyer: str = Field(description="The platform's name of its stable id of a buyer, or none.")
    same_receiver: Literal["merge_interface", "receiver_hash", "plain", "none"] = Field(
        description="How orders of one receiver are recognised; tokens belong to one order and never compare."
    )
    export_policies: tuple[Literal["token_only", "masked"], ...] = Field(
        min_length=1, description="What files may say of a receiver on this platform."
    )


class PlatformSpec(Frozen):
    """platform.yaml."""

    name: Identifier
    title: str
    kind: Literal["api", "files"]
    downstream: Downstream
    is_sum_promised: bool = Field(
        description="True: paid = sum of the lines' paid + freight, so a difference is an anomaly."
    )
    is_total_owed: bool = Field(
        default=False,
        description="True: paid at the door, with nothing told as paid and no discount: total is owed.",
    )
    api: Api | None = None
    streams: dict[Identifier, Stream] = Field(
        default={}, description="orders, refunds, and others that fill one of these two (`into`)."
    )
    records: Records
    statuses: tuple[StatusMeaning, ...] = Field(min_length=1)
    line_statuses: tuple[StatusMeaning, ...] = Field(
        default=(), description="When empty, lines follow their order."
    )
    default_status: str | None = Field(default=None, description="Status when the record has none.")
    flags: tuple[Flag, ...] = ()
    line_flags: tuple[LineFlag, ...] = ()
    cash_on_delivery: CashOnDelivery | None = None
    services: tuple[Service, ...] = Field(default=(), description="What the platform asks of the carrier.")
    shipped: Shipped | None = None
    refunds: tuple[RefundMeaning, ...] = ()
    refund_states: tuple[RefundState, ...] = Field(default=(), description="States of the stream refunds.")
    refund_kinds: tuple[RefundKind, ...] = Field(default=(), description="Other kinds count as other.")
    gift_values: tuple[str, ...] = Field(default=(), description="Values of kind_hint that mean a gift.")
    ship: Ship | None = Field(
        default=None, description="Absent: a person types tracking numbers in at the platform."
    )
    stock: StockWrite | None = Field(
        default=None, description="Absent: a person types in how many pieces a shop may offer."
    )
    merge: MergeQuestion | None = Field(
        default=None,
        description="With same_receiver: merge_interface; absent: nothing of this platform is merged.",
    )

    @model_validator(mode="after")
    def _unambiguous(self) -> "PlatformSpec":
        for section, names in (
            ("statuses", [entry.status for entry in self.statuses]),
            ("line_statuses", [entry.status for entry in self.line_statuses]),
            ("refunds", [entry.status for entry in self.refunds]),
            ("refund_states", [entry.status for entry in self.refund_states]),
            ("refund_kinds", [f"{entry.value} {entry.sub_value or ''}" for entry in self.refund_kinds]),
            ("flags", [entry.id for entry in self.flags]),
            ("line_flags", [entry.id for entry in self.line_flags]),
            ("services", [f"{entry.path} {' '.join(entry.any_of)}" for entry in self.services]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{section}: {name!r} is given twice")
        known = [entry.status for entry in self.statuses]
        if self.default_status is not None and self.default_status not in known:
            raise ValueError(
                f"default_status {self.default_status!r} is no status; {nearest(self.default_status, known)}"
            )
        return self

    @model_validator(mode="after")
    def _tellable(self) -> "PlatformSpec":
        told = [name for name in ("ship", "stock", "merge") if getattr(self, name) is not None]
        if told and self.api is None:
            raise ValueError(f"{told[0]} needs the section api: what is told is told by a call")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> "PlatformSpec":
        if self.kind == "api" and (self.api is None or "orders" not in self.streams):
            raise ValueError("kind api needs the sections api and streams.orders")
        if self.ship is not None and (self.ship.line is not None) != (self.downstream.parcels == "lines"):
            raise ValueError("ship.line goes with downstream.parcels: lines, and with no other")
        if "refunds" in self.streams and not self.refund_states:
            raise ValueError("streams.refunds needs refund_states: what its states mean")
        for name, stream in self.streams.items():
            filled = stream.into or name
            if filled not in ("orders", "refunds") or filled not in self.streams:
                raise ValueError(f"streams.{name} must be orders or refunds, or name one of them by into")
        if self.api is not None and self.api.encoding in ("form", "rest"):
            for name, stream in self.streams.items():
                _refuse_nested(name, stream)
            if self.ship is not None:
                _refuse_nested_in("ship", {"ask.parameters": self.ship.ask.parameters})
            if self.merge is not None:
                _refuse_nested_in("merge", {"parameters": self.merge.parameters})
        return self


def _refuse_nested(name: str, stream: Stream) -> None:
    """Refuse parameters that a form or a query cannot carry."""
    call = stream.list
    groups = {
        "list.parameters": call.parameters,
        "list.count_parameters": call.count_parameters,
        "list.page_parameters": call.page_parameters,
        "detail.parameters": stream.detail.parameters if stream.detail else {},
        "by_id.parameters": stream.by_id.parameters if stream.by_id else {},
    }
    _refuse_nested_in(f"streams.{name}", groups)


def _refuse_nested_in(section: str, groups: Mapping[str, Mapping[str, JsonValue]]) -> None:
    nested = [
        f"{group}.{parameter}"
        for group, parameters in groups.items()
        for parameter, value in parameters.items()
        if not isinstance(value, str)
    ]
    if nested:
        raise ValueError(f"{section}.{nested[0]} must be text: this encoding nests nothing")


@dataclass(frozen=True)
class Platform:
    """A platform's spec together with the field map in force for it."""

    spec: PlatformSpec
    field_map: FieldMap
    source: str

    @cached_property
    def mapping_version(self) -> str:
        """Return the hash of platform.yaml and fields.csv; stamped on every row they mapped."""
        return hashlib.sha256(f"{self.source}\0{self.field_map.source}".encode()).hexdigest()[:16]


def platform_names() -> list[str]:
    """Return the names of the shipped platforms."""
    return sorted(file.parent.name for file in paths.platforms_directory().glob("*/platform.yaml"))


def load_platform(name: str, config: MerchantConfig | None = None) -> Platform:
    """Return platform `name`, with the merchant's own field map when the config has one.

    Raises:
        ConfigError: no such platform, or one of its files is wrong.
    """
    folder = paths.platforms_directory() / name
    spec_file = folder / "platform.yaml"
    if not spec_file.is_file():
        raise ConfigError(f"platform {name!r} does not exist; {nearest(name, platform_names())}")
    label = f"include/platforms/{name}"
    source = spec_file.read_text(encoding="utf-8")
    spec = parse(PlatformSpec, source, f"{label}/platform.yaml")
    if spec.name != name:
        raise ConfigError(f"{label}/platform.yaml: name is {spec.name!r}, the folder says {name!r}")
    own = config.field_maps.get(name) if config else None
    if own is not None:
        field_map = read_field_map(own, f"platforms/{name}/fields.csv")
    else:
        field_map = read_field_map((folder / "fields.csv").read_text(encoding="utf-8"), f"{label}/fields.csv")
    if "refunds" in spec.streams:
        _refuse_unmapped_refunds(field_map)
    return Platform(spec, field_map, source)


def _refuse_unmapped_refunds(field_map: FieldMap) -> None:
    mapped = {rule.field for rule in field_map.refund}
    for field in REQUIRED_OF_REFUNDS:
        if field not in mapped:
            raise ConfigError(
                f"{field_map.file}: the platform has a stream of refunds, so refund {field} must be mapped"
            )


def visibility_lags(config: MerchantConfig) -> dict[str, timedelta]:
    """Return API platform → how long its orders take to become visible, for the platforms in use.

    A platform whose spec is broken has its DAG stopped; here it counts as never covered sooner than an hour.
    """
    lags: dict[str, timedelta] = {}
    for name in sorted({shop.platform for shop in config.shops}):
        try:
            spec = load_platform(name, config).spec
        except ConfigError:
            lags[name] = timedelta(hours=1)
            continue
        if spec.kind == "api":
            lags[name] = timedelta(seconds=max(s.window.lag_seconds for s in spec.streams.values()))
    return lags
