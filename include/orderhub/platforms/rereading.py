"""Reads known records of a shop again, by their ids, and what changed in its after-sales since the last pull.

For the last look before orders are handed over. What is read enters staging like everything else; coverage is
left alone. A platform that cannot be asked by id is asked for its list of changes up to this moment instead.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError, RetryError, ShopError
from orderhub.platforms.backfill import Access
from orderhub.platforms.client import Client
from orderhub.platforms.fetching import (
    Fetched,
    Pull,
    PullCounts,
    fetch_by_id,
    prepare,
    stage_fetched,
    stage_rows,
)
from orderhub.platforms.paging import list_rows
from orderhub.platforms.planning import find_clock
from orderhub.platforms.protocol import DetailCall
from orderhub.platforms.spec import PlatformSpec

#: Records committed together; after each the time that is left is looked at.
_TOGETHER = 100
SOURCE = "last look"


@dataclass
class Reread:
    """What reading again brought.

    Attributes:
        seen: record id → when it was asked for, by the hub's clock.
        refused: ids of records that were not to be had while others were.
        known_until: until when the lists of changes name everything; None when that is not known.
        staged: versions that were new.
        said: why not everything could be read; empty when it could.
    """

    seen: dict[str, datetime] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    known_until: datetime | None = None
    staged: int = 0
    said: str = ""


def reread(access: Access, client: Client, ids: Sequence[str], deadline: datetime) -> Reread:
    """Read the orders `ids` again, in this order, until `deadline`; one that cannot be had stops no other."""
    found, counts = Reread(), PullCounts()
    found.known_until = min(_known_until(access).values(), default=None)
    pulls = {
        name: Pull(
            access.database, access.clock, access.platform, access.shop, client, access.config, name, counts,
            access.settings.hash_key, lambda: access.clock.now() <= deadline,
        )
        for name in access.platform.spec.streams
    }  # fmt: skip
    try:
        find_clock(pulls["orders"])
        _read(access, pulls, ids, found)
    except (RetryError, ShopError, ConfigError) as error:
        found.said = str(error)
    found.staged = counts.staged
    return found


def asked_by_id(spec: PlatformSpec) -> tuple[str, DetailCall] | None:
    """Return the stream and the call that give one whole order; None when the platform has no such call."""
    for name, stream in spec.streams.items():
        call = stream.by_id or stream.detail
        if call is not None and (stream.into or name) == "orders":
            return name, call
    return None


def _read(access: Access, pulls: dict[str, Pull], ids: Sequence[str], found: Reread) -> None:
    by_id = asked_by_id(access.platform.spec)
    is_read = False
    for pull in pulls.values():
        is_list_needed = pull.filled == "refunds" or (by_id is None and pull.stream_name == "orders")
        if is_list_needed:
            has_all = _read_changes(access, pull)
            is_read = is_read or (has_all and pull.stream_name == "orders")
    if by_id is not None:
        _read_by_id(pulls[by_id[0]], by_id[1], ids, found)
    elif not is_read:
        found.said = "the list of changes has a gap that is left to pulls"
    else:
        lag = timedelta(seconds=pulls["orders"].stream.window.lag_seconds)
        found.seen = dict.fromkeys(ids, access.clock.now() - lag)


def _read_changes(access: Access, pull: Pull) -> bool:
    """Read what a stream lists from its last covered window to this moment; False: a gap is left to pulls."""
    asked_at = pull.client.platform_now()
    since = _known_until(access).get(pull.stream_name)
    until = asked_at.replace(microsecond=0) + timedelta(seconds=1)
    if since is None or until - since > timedelta(minutes=pull.stream.window.catch_up_minutes):
        return False
    page = prepare(pull, SOURCE, asked_at, list(list_rows(pull, since, until)))
    with hold_scope(pull.database, f"reread:{pull.shop.id}") as lease:
        stage_rows(pull, None, lease, page)
    return True


def _read_by_id(pull: Pull, call: DetailCall, ids: Sequence[str], found: Reread) -> None:
    for some in _batches(ids):
        if not pull.between_pages():
            found.said = "there was no time for all"
            return
        asked_at, ours = pull.client.platform_now(), pull.clock.now()
        records, failed = fetch_by_id(pull, call, some, (RetryError, ConfigError))
        with hold_scope(pull.database, f"reread:{pull.shop.id}") as lease:
            stage_fetched(pull, lease, None, SOURCE, Fetched(records, failed, asked_at), len(records))
        found.seen |= {record.record_id: ours for record in records}
        found.said = next(iter(failed.values()), found.said)
        if not records:
            return  # It answers for none of so many: it is down.
        found.refused += failed


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), _TOGETHER):
        yield list(ids[start : start + _TOGETHER])


def _known_until(access: Access) -> dict[str, datetime]:
    """Return stream → until when it is covered without a hole."""
    with access.database.read() as connection:
        rows = connection.execute(statement("ops/known_until"), {"shop_id": access.shop.id}).all()
    return {row.stream: row.known_until for row in rows}
