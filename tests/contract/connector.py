"""A connector as its author keeps it: spec and field map, recorded records, and what the documents promise."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from orderhub import paths
from orderhub.config.located_yaml import parse
from orderhub.config.models import Frozen
from orderhub.errors import ConfigError
from orderhub.platforms.field_map import read_field_map
from orderhub.platforms.protocol import Api, Stream
from orderhub.platforms.spec import Platform, PlatformSpec

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
    end_inclusive: bool = Field(description="True: a record modified at the end is in the window.")
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


def read_texts(connector: Path, records: Path) -> Texts:
    """Read `platform.yaml` and `fields.csv` of one folder, and the recorded shapes of another."""
    spec = yaml.safe_load((connector / "platform.yaml").read_text(encoding="utf-8"))
    contract = yaml.safe_load((records / "contract.yaml").read_text(encoding="utf-8"))
    names = {"orders": "order.json", "refunds": "refund.json"}
    samples = {
        stream: json.loads((records / names.get(stream, f"{stream}.json")).read_text(encoding="utf-8"))
        for stream in spec.get("streams", {})
    }
    return Texts(spec, (connector / "fields.csv").read_text(encoding="utf-8"), contract, samples)


def connector_of(texts: Texts) -> Connector:
    """Return the connector that `texts` describe; wrong ones are refused as the engine refuses them."""
    source = yaml.safe_dump(texts.spec, allow_unicode=True)
    spec = parse(PlatformSpec, source, "platform.yaml")
    field_map = read_field_map(texts.fields, "fields.csv")
    contract = Contract.model_validate(texts.contract)
    return Connector(Platform(spec, field_map, source), contract, texts.samples)


@cache
def shipped(name: str) -> Connector:
    """Return a connector of the checkout.

    Raises:
        ConfigError: one of its files is missing or wrong.
    """
    folder, records = paths.platforms_directory() / name, ROOT / "tests" / "platforms" / name
    for file in (records / "contract.yaml", records / "order.json"):
        if not file.is_file():
            raise ConfigError(
                f"tests/platforms/{name}/{file.name} is missing; `orderhub platform new` writes one to edit"
            )
    return connector_of(read_texts(folder, records))


def api_platforms() -> list[str]:
    """Return the platforms of the checkout that are read over HTTP."""
    files = sorted(paths.platforms_directory().glob("*/platform.yaml"))
    return [file.parent.name for file in files if "\nkind: api" in file.read_text(encoding="utf-8")]
