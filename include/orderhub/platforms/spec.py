"""`platform.yaml` as a typed spec: what one platform's protocol looks like, and what its states mean.

The engine knows schemes by name (signing, paging, converters); it never knows a platform.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from string import Formatter
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from orderhub import paths
from orderhub.config.located_yaml import nearest, parse
from orderhub.config.models import Frozen, Identifier, MerchantConfig
from orderhub.errors import ConfigError
from orderhub.platforms.field_map import FieldMap, read_field_map
from orderhub.platforms.signing import SCHEMES

Gate = Literal["ship", "wait", "stop"]
OrderStatus = Literal["unpaid", "paid_hold", "to_ship", "part_shipped", "shipped", "done", "closed"]


def _refuse_unknown_placeholders(parameters: dict[str, str]) -> dict[str, str]:
    for name, value in parameters.items():
        for _, placeholder, _, _ in Formatter().parse(value):
            if placeholder is not None and placeholder not in _PLACEHOLDERS:
                raise ValueError(
                    f"{name}: {{{placeholder}}} is not known; {nearest(placeholder, _PLACEHOLDERS)}"
                )
    return parameters


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"is not a time zone; {nearest(name, sorted(available_timezones()))}")
    return name


def _pattern(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return expression


_PLACEHOLDERS = ["start", "end", "page", "size", "id"]
Parameters = Annotated[dict[str, str], AfterValidator(_refuse_unknown_placeholders)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Pattern = Annotated[str, AfterValidator(_pattern)]


class ErrorClass(Frozen):
    """What an error answer means for us; the first entry that matches decides."""

    code: str | None = Field(default=None, description="The answer's main code.")
    sub_code: Pattern | None = Field(default=None, description="Regular expression on the sub code.")
    means: Literal["throttle", "transient", "credential", "request"]
    wait_pattern: Pattern | None = Field(
        default=None, description="Regular expression whose group 1 is the waiting time in seconds."
    )


class Envelope(Frozen):
    """Where an answer says that it failed."""

    error: str = Field(description="Key of the error object; absent on success.")
    code: str
    sub_code: str | None = None
    message: str
    errors: tuple[ErrorClass, ...] = Field(min_length=1)


class Api(Frozen):
    """How calls are made."""

    endpoint: str = Field(description="Overridden by the connection's host when that is not empty.")
    signing: str = Field(description="Name of a scheme in signing.py.")
    method_parameter: str
    common: dict[str, str] = Field(default={}, description="Parameters that every call carries.")
    account: dict[str, str] = Field(
        description="Parameter → connection field: login, password or extra.<name>."
    )
    timestamp_parameter: str
    timestamp_format: str
    zone: Zone = Field(default="Asia/Shanghai", description="Zone of times in requests.")
    envelope: Envelope
    timeout_seconds: float = 20
    concurrency: int = Field(default=4, ge=1, le=16, description="Detail calls at once per shop.")


class Call(Frozen):
    """One method. Values may hold {start} {end} {page} {size} {id}; times are in the API's zone."""

    method: str
    parameters: Parameters
    root: str = Field(description="Path of the answer's body.")


class ListCall(Call):
    """A paged list of a window."""

    rows: str = Field(description="Path of the rows inside root.")
    total: str = Field(description="Path of the count inside root.")
    id: str = Field(description="Path of the record id inside a row.")
    modified: str = Field(description="Path of the modified time inside a row.")
    count_parameters: Parameters = Field(default={}, description="What changes when only the count is asked.")
    page_parameters: Parameters = Field(default={}, description="What changes when a page is read.")
    page_size: int = Field(ge=1, le=500)
    is_complete: bool = Field(description="False: rows are slim, each needs a detail call.")


class DetailCall(Call):
    """The whole record of one id; `root` is the record."""


class Window(Frozen):
    """How time is cut."""

    live_minutes: int = Field(description="Length of the newest window at most.")
    catch_up_minutes: int = Field(description="Length of a window that closes a gap at most.")
    lag_seconds: int = Field(description="Windows end this long before the platform's present.")
    end_inclusive: bool = Field(description="True: the platform's end counts; we send end − 1 s.")


class Stream(Frozen):
    """One kind of record."""

    paging: Literal["pages"] = Field(description="pages: by number, read last to first.")
    window: Window
    list: ListCall
    detail: DetailCall | None = None
    volatile: tuple[str, ...] = Field(
        default=(), description="Top-level keys that change by themselves; not part of the version."
    )

    @model_validator(mode="after")
    def _whole_records(self) -> "Stream":
        if not self.list.is_complete and self.detail is None:
            raise ValueError("list.is_complete is false, so a detail call must be given")
        return self


class Records(Frozen):
    """Where the parts of an order are inside a payload; empty path = the payload itself."""

    order: str = ""
    lines: str = Field(description="Path of the list of lines.")
    receiver: str = ""


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
    path: str
    any_of: tuple[str, ...] = Field(min_length=1, description="Values as text; booleans are true / false.")
    gate: Literal["wait", "stop"]
    payment: Literal["unpaid", "deposit_paid", "refunded"] | None = None
    reason: str


class RefundMeaning(Frozen):
    """A line's refund state in our words. pending waits, refunded stops, none ships."""

    status: str
    state: Literal["none", "pending", "refunded"]


class PlatformSpec(Frozen):
    """platform.yaml."""

    name: Identifier
    title: str
    kind: Literal["api", "files"]
    knows_buyer: bool = Field(description="False: the platform gives no stable id of the buyer.")
    is_sum_promised: bool = Field(
        description="True: paid = sum of the lines' paid + freight, so a difference is an anomaly."
    )
    api: Api | None = None
    streams: dict[Literal["orders", "refunds"], Stream] = Field(default={})
    records: Records
    statuses: tuple[StatusMeaning, ...] = Field(min_length=1)
    line_statuses: tuple[StatusMeaning, ...] = Field(
        default=(), description="When empty, lines follow their order."
    )
    default_status: str | None = Field(default=None, description="Status when the record has none.")
    flags: tuple[Flag, ...] = ()
    refunds: tuple[RefundMeaning, ...] = ()
    gift_values: tuple[str, ...] = Field(default=(), description="Values of kind_hint that mean a gift.")

    @model_validator(mode="after")
    def _unambiguous(self) -> "PlatformSpec":
        for section, names in (
            ("statuses", [entry.status for entry in self.statuses]),
            ("line_statuses", [entry.status for entry in self.line_statuses]),
            ("refunds", [entry.status for entry in self.refunds]),
            ("flags", [entry.id for entry in self.flags]),
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
    def _consistent(self) -> "PlatformSpec":
        if self.kind == "api" and (self.api is None or "orders" not in self.streams):
            raise ValueError("kind api needs the sections api and streams.orders")
        if self.api and self.api.signing not in SCHEMES:
            raise ValueError(
                f"signing {self.api.signing!r} does not exist; {nearest(self.api.signing, list(SCHEMES))}"
            )
        return self


@dataclass(frozen=True)
class Platform:
    """A platform's spec together with the field map in force for it."""

    spec: PlatformSpec
    field_map: FieldMap
    source: str

    @cached_property
    def mapping_version(self) -> str:
        """Return the hash of platform.yaml and fields.csv; stamped on every row they mapped."""
        return hashlib.sha256(f"{self.source}\0{self.field_map.source}".encode()).hexdigest()


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
        return Platform(spec, read_field_map(own, f"platforms/{name}/fields.csv"), source)
    shipped = (folder / "fields.csv").read_text(encoding="utf-8")
    return Platform(spec, read_field_map(shipped, f"{label}/fields.csv"), source)


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
            lags[name] = timedelta(seconds=spec.streams["orders"].window.lag_seconds)
    return lags
