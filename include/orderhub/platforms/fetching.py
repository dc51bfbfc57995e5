"""Fetches the whole records of a page and puts them into staging; what cannot be had is parked."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import SecretStr

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.errors import (
    ContractError,
    LeaseTaken,
    OrderhubError,
    RequestRefused,
    RetryError,
    ThrottledError,
)
from orderhub.platforms.client import Client
from orderhub.platforms.parked import Source, park, unpark, waiting_ids
from orderhub.platforms.payload import hash_of, written
from orderhub.platforms.plain import Door
from orderhub.platforms.protocol import DetailCall, Stream
from orderhub.platforms.records import asked_for, modified_of, record_of, row_id
from orderhub.platforms.shape import refuse_removed_fields
from orderhub.platforms.spec import Platform
from orderhub.platforms.staging import Record, certain_versions, stage_page


@dataclass
class PullCounts:
    """What one pull of a shop did; small enough for XCom."""

    windows_covered: int = 0
    windows_left: int = 0
    rows: int = 0
    staged: int = 0
    parked: int = 0
    waits_until: str | None = None


@dataclass(frozen=True)
class Pull:
    """Everything that reading one stream of one shop needs.

    `key` hashes personal data given in clear; `between_pages` says whether the window may go on.
    """

    database: Database
    clock: Clock
    platform: Platform
    shop: Shop
    client: Client
    config: MerchantConfig
    stream_name: str
    counts: PullCounts = field(default_factory=PullCounts)
    key: SecretStr | None = None
    between_pages: Callable[[], bool] = lambda: True

    @property
    def stream(self) -> Stream:
        """Return the spec of the stream."""
        return self.platform.spec.streams[self.stream_name]

    @property
    def filled(self) -> str:
        """Return the stream whose table the records fill: orders or refunds."""
        return self.stream.into or self.stream_name

    @property
    def door(self) -> Door | None:
        """Return where personal data is replaced; None without the key of the hashes."""
        return Door(self.shop, self.key) if self.key else None

    @property
    def table(self) -> str:
        """Return the staging table."""
        return f"staging.{self.platform.spec.name}_{self.filled}"

    @property
    def source(self) -> Source:
        """Return where parked records come from."""
        return Source(self.platform.spec.name, self.shop.id, self.stream_name, self.config)


@dataclass(frozen=True)
class Page:
    """What a list call brought, ready for the database.

    Attributes:
        source: names the page.
        asked_at: the platform's time when it was asked for.
        rows: as listed, those with a usable id.
        ids: of the rows; one may come twice.
        records: of the rows; None when they are slim and each is fetched whole first.
        refused: hash of the row → why it was left out: it has no usable id.
    """

    source: str
    asked_at: datetime
    rows: list[Any]
    ids: list[str]
    records: list[Record] | None
    refused: dict[str, str]


def prepare(pull: Pull, source: str, asked_at: datetime, rows: list[Any]) -> Page:
    """Return a page of `rows` with everything done that needs no database, so that a thread can do it ahead.

    Raises:
        ContractError: rows are not what the protocol documents.
        RemovedFieldError: a required field is gone.
        ConfigError: personal data in clear, and no key.
    """
    ids, rows, refused = with_ids(pull, rows)
    if pull.stream.detail is not None:
        return Page(source, asked_at, rows, ids, None, refused)
    refuse_removed_fields(pull.platform, pull.shop.id, pull.filled, rows)
    records = [
        record_of(pull.stream, row, index, record_id, _modified(pull, row), pull.door)
        for index, (record_id, row) in enumerate(zip(ids, rows, strict=True))
    ]
    return Page(source, asked_at, rows, ids, records, refused)


def with_ids(pull: Pull, rows: list[Any]) -> tuple[list[str], list[Any], dict[str, str]]:
    """Return the ids of the rows that have a usable one, these rows, and of the others hash → why."""
    ids: list[str] = []
    usable: list[Any] = []
    refused: dict[str, str] = {}
    for row in rows:
        try:
            ids.append(row_id(pull.stream, row))
            usable.append(row)
        except ContractError as error:
            refused[hash_of(written(row))] = str(error)
    return ids, usable, refused


def stage_rows(pull: Pull, window_id: int | None, lease: Lease, page: Page) -> None:
    """Stage one page; slim rows are fetched whole first."""
    if page.records is not None:
        found = Fetched(page.records, {}, page.asked_at)
    else:
        assert pull.stream.detail is not None
        asked_at = pull.client.platform_now()
        found = Fetched(*_details(pull, pull.stream.detail, page.rows), asked_at)
    stage_fetched(pull, lease, window_id, page.source, found, len(page.rows))


@dataclass(frozen=True)
class Fetched:
    """Whole records, id → reason of those that could not be had, and when they were asked for."""

    records: list[Record]
    failed: dict[str, str]
    asked_at: datetime


def _details(pull: Pull, call: DetailCall, rows: list[Any]) -> tuple[list[Record], dict[str, str]]:
    """Return whole records of listed rows, and id → reason of those that could not be had."""
    listed = {row_id(pull.stream, row): _modified(pull, row) for row in rows}
    dated = {record_id: modified for record_id, modified in listed.items() if modified}
    with pull.database.read() as connection:
        known = certain_versions(connection, pull.table, pull.shop.id, dated)
    return fetch_by_id(pull, call, [record_id for record_id in listed if record_id not in known])


def fetch_by_id(
    pull: Pull,
    call: DetailCall,
    ids: Sequence[str],
    told: tuple[type[OrderhubError], ...] = (RetryError, RequestRefused),
) -> tuple[list[Record], dict[str, str]]:
    """Return whole records of `ids`, and id → reason of those that could not be had; `told` are such reasons.

    Raises:
        ThrottledError: the platform asks for a longer wait than we wait in place.
        OrderhubError: what is not `told`.
    """
    records: list[Record] = []
    failed: dict[str, str] = {}
    wholes: list[Any] = []

    def fetch(record_id: str) -> Any:
        try:
            return asked_for(pull.stream, record_id, pull.client.call(call, {"id": record_id}))
        except ThrottledError:
            raise
        except told as error:
            return error

    pool = ThreadPoolExecutor(pull.client.concurrency)
    try:
        for index, (record_id, found) in enumerate(zip(ids, pool.map(fetch, ids), strict=True)):
            if isinstance(found, OrderhubError):
                failed[record_id] = str(found)
                continue
            wholes.append(found)
            try:
                modified = _modified(pull, found)
                records.append(record_of(pull.stream, found, index, record_id, modified, pull.door))
            except ContractError as error:
                failed[record_id] = str(error)
    finally:
        pool.shutdown(cancel_futures=True)  # A refused account or a ban is not asked forty times more.
    refuse_removed_fields(pull.platform, pull.shop.id, pull.filled, wholes)
    return records, failed


def _modified(pull: Pull, row: Any) -> datetime | None:
    return modified_of(pull.platform.spec, pull.stream, row)


def retry_parked(pull: Pull) -> None:
    """Fetch again what could not be had before."""
    call = pull.stream.detail
    if call is None:
        return
    with pull.database.read() as connection:
        ids = waiting_ids(connection, pull.clock, pull.source)
    if not ids:
        return
    asked_at = pull.client.platform_now()
    records, failed = fetch_by_id(pull, call, ids)
    try:
        with hold_scope(pull.database, f"parked:{pull.shop.id}") as lease:
            found = Fetched(records, failed, asked_at)
            stage_fetched(pull, lease, None, "parked records", found, len(records))
    except LeaseTaken:
        return  # Another pull of this shop tries the same ids now.


def stage_fetched(
    pull: Pull, lease: Lease, window_id: int | None, source: str, found: Fetched, row_count: int
) -> None:
    """Stage whole records; what could not be had is parked where a detail call fetches it again."""
    with pull.database.transaction(lease) as connection:
        staged = stage_page(
            connection,
            pull.clock,
            platform=pull.platform.spec.name,
            shop_id=pull.shop.id,
            stream=pull.filled,
            window_id=window_id,
            source=source,
            records=found.records,
            row_count=row_count,
            asked_at=found.asked_at,
        )
        if pull.stream.detail is not None:
            where = source if window_id is None else f"window {window_id} {source}"
            park(connection, pull.clock, pull.source, found.failed, where)
            unpark(connection, pull.clock, pull.source, [record.record_id for record in found.records])
    pull.counts.rows += staged.row_count
    pull.counts.staged += staged.staged_count
    pull.counts.parked += len(found.failed)
