"""A connector as its author keeps it: spec and field map, recorded records, and what the documents promise."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from orderhub import paths
from orderhub.config.frozen import Frozen
from orderhub.config.located_yaml import parse
from orderhub.errors import ConfigError
from orderhub.platforms.field_map import read_field_map
from orderhub.platforms.payload import at_path
from orderhub.platforms.protocol import Api, Stream
from orderhub.platforms.spec import Platform, PlatformSpec, load_platform

ROOT = Path(__file__).resolve().parents[2]


class KnownSignature(Frozen):
    """A published or independently computed answer of the platform's signature."""

    source: str = Field(description="Who says so.")
    secret: str
    parameters: dict[str, str] = Field(default={}, description="All of the request; signed names are picked.")
    verb: str = "POST"
    path: str = ""
    query: str = ""
    body: str = ""
    timestamp: str = ""
    nonce: str = ""
    signature: str


class Refusal(Frozen):
    """An answer with which the platform refuses, and what it must mean to the hub."""

    means: Literal["throttle", "transient", "token", "credential", "request"]
    body: dict[str, Any] = Field(description="The whole JSON of the answer.")
    status: int = 200
    headers: dict[str, str] = Field(default={})
    wait_seconds: float | None = Field(default=None, description="Of a throttle: the wait that it names.")


class StreamFacts(Frozen):
    """What the platform's documents promise of a list, said without looking at platform.yaml."""

    id: str = Field(description="Path of the id inside a whole record.")
    modified: str = Field(description="Path of the time of the last change inside a whole record.")
    status: str = Field(description="Path of the state inside a whole record.")
    longest_window_minutes: int | None = Field(default=None, description="Absent: no limit is documented.")
    end_inclusive: bool = Field(
        default=False,
        description="True: a record modified at the end is in the window. Absent also where no document says so.",
    )
    largest_page: int
    newest_first: bool = False
    visible_after_seconds: int = Field(
        default=30, description="So late a change may show in lists; the window must keep away from it."
    )
    cursor_at_end: bool = Field(default=False, description="True: the last page names a cursor too.")
    row: Any = Field(
        default=None,
        description="The recorded record's row in the list where that is not the whole record; a bare id is "
        "its text. Absent: id and modified at their paths.",
    )
    volatile: tuple[str, ...] = Field(default=(), description="Fields that change and mean nothing.")


class PublishedBudget(Frozen):
    """A limit of calls that the documents state; absent method: all of them together."""

    calls: int
    seconds: float
    method: str | None = None


class StockRefusal(Frozen):
    """An answer with which the platform does not take a figure, and what it must mean to the hub."""

    means: Literal["done", "unknown_listing", "off_shelf", "locked", "by_hand", "not_yet"]
    body: dict[str, Any] = Field(description="The whole JSON of the answer.")
    status: int = 200


class StockFacts(Frozen):
    """What the documents say of the call that tells how many pieces a listing offers."""

    listing: dict[str, str] = Field(description="item_id, sku_id, merchant_code of the listing that is told.")
    pieces: int
    method: str = Field(description="Name of the method, or its path.")
    says: dict[str, Any] = Field(description="The call's own parameters for this listing, with their types.")
    accepted: dict[str, Any] = Field(description="The whole JSON of the answer that takes it.")
    refusals: tuple[StockRefusal, ...] = Field(min_length=1)


class Contract(Frozen):
    """contract.yaml."""

    carries: dict[str, str] = Field(
        default={}, description="Parameter or header of every call → regular expression of its value."
    )
    signatures: tuple[KnownSignature, ...] = Field(default=(), description="At least one, unless unsigned.")
    streams: dict[str, StreamFacts]
    budgets: tuple[PublishedBudget, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    order: dict[str, Any] = Field(description="Columns of core.orders for order.json; lines: of its lines.")
    receiver: dict[str, Any] = Field(default={}, description="Columns of core.receivers for order.json.")
    refund: dict[str, Any] = Field(default={}, description="Columns of core.refunds for refund.json.")
    stock: StockFacts | None = Field(default=None, description="Where platform.yaml has the section stock.")
    withdrawn_is_final: bool = Field(default=False, description="True: a withdrawn refund is never reopened.")


@dataclass(frozen=True)
class Connector:
    """One connector with everything the suite knows of it.

    Attributes:
        platform: spec and field map, as the engine uses them.
        contract: contract.yaml.
        samples: stream → one whole record as the platform sends it.
    """

    platform: Platform
    contract: Contract
    samples: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        return self.platform.spec.name

    @property
    def api(self) -> Api:
        assert self.platform.spec.api is not None
        return self.platform.spec.api

    def facts(self, stream: str) -> StreamFacts:
        """Return what the documents promise of a stream."""
        return self.contract.streams[stream]

    def stream(self, name: str) -> Stream:
        """Return the spec of a stream."""
        return self.platform.spec.streams[name]  # type: ignore[index] # the name came from there

    def table(self, stream: str) -> str:
        """Return orders or refunds: the table that a stream fills."""
        return self.stream(stream).into or stream

    def refusals(self, means: str) -> list[Refusal]:
        """Return the recorded refusals of one class."""
        return [refusal for refusal in self.contract.refusals if refusal.means == means]


@dataclass(frozen=True)
class Texts:
    """The five files of a connector, as texts and values that a broken twin may change."""

    spec: dict[str, Any]
    fields: str
    contract: dict[str, Any]
    samples: dict[str, dict[str, Any]]


def read_texts(folder: Path) -> Texts:
    """Read the five files of a reference connector."""
    spec = yaml.safe_load((folder / "platform.yaml").read_text(encoding="utf-8"))
    contract = yaml.safe_load((folder / "contract.yaml").read_text(encoding="utf-8"))
    samples = {
        stream: json.loads(_record(folder, stream).read_text(encoding="utf-8")) for stream in spec["streams"]
    }
    return Texts(spec, (folder / "fields.csv").read_text(encoding="utf-8"), contract, samples)


def connector_of(texts: Texts) -> Connector:
    """Return the connector that `texts` describe; wrong ones are refused as the engine refuses them."""
    source = yaml.safe_dump(texts.spec, allow_unicode=True)
    spec = parse(PlatformSpec, source, "platform.yaml")
    platform = Platform(spec, read_field_map(texts.fields, "fields.csv"), source)
    return Connector(platform, Contract.model_validate(texts.contract), texts.samples)


@cache
def shipped(name: str) -> Connector:
    """Return a connector of the checkout.

    Raises:
        ConfigError: one of its files is missing or wrong, or they contradict each other.
    """
    return connector_in(load_platform(name), ROOT / "tests" / "platforms" / name)


def connector_in(platform: Platform, records: Path) -> Connector:
    """Return the connector of `platform` with what stands in the folder `records`.

    Raises:
        ConfigError: a file is missing or wrong, or does not fit the others.
    """
    label = f"tests/platforms/{platform.spec.name}"
    streams = platform.spec.streams
    files = [records / "contract.yaml", *(_record(records, stream) for stream in streams)]
    for file in files:
        if not file.is_file():
            raise ConfigError(
                f"{label}/{file.name} is missing; the contract suite needs it, "
                "docs/how-to/add-a-platform.md says what it holds"
            )
    source = files[0].read_text(encoding="utf-8")
    parse(Contract, source, f"{label}/contract.yaml")
    contract = Contract.model_validate(yaml.safe_load(source))
    samples = {stream: json.loads(_record(records, stream).read_text(encoding="utf-8")) for stream in streams}
    for stream, sample in samples.items():
        if stream not in contract.streams:
            raise ConfigError(
                f"{label}/contract.yaml: streams says nothing of {stream}; platform.yaml has it"
            )
        facts = contract.streams[stream]
        for key in ("id", "modified", "status"):
            if at_path(sample, getattr(facts, key)) is None:
                raise ConfigError(
                    f"{label}/contract.yaml: streams.{stream}.{key} is {getattr(facts, key)!r}, and "
                    f"{_record(records, stream).name} has nothing there"
                )
    if (contract.stock is None) != (platform.spec.stock is None):
        raise ConfigError(f"{label}/contract.yaml: stock goes with the section stock of platform.yaml")
    return Connector(platform, contract, samples)


def _record(folder: Path, stream: str) -> Path:
    """Return the file with the recorded record of a stream."""
    return folder / {"orders": "order.json", "refunds": "refund.json"}.get(stream, f"{stream}.json")


def api_platforms() -> list[str]:
    """Return the platforms of the checkout that are read over HTTP."""
    files = sorted(paths.platforms_directory().glob("*/platform.yaml"))
    return [file.parent.name for file in files if "\nkind: api" in file.read_text(encoding="utf-8")]
