"""What the engine reads of a record before it is stored: its id, when it was modified, its version."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from orderhub.errors import ContractError
from orderhub.platforms.payload import AS_GIVEN, at_path, hash_of, quotable, storable, version_hash, written
from orderhub.platforms.plain import Door, without_plain
from orderhub.platforms.protocol import Stream
from orderhub.platforms.spec import PlatformSpec
from orderhub.platforms.staging import Record
from orderhub.platforms.times import read_time

#: Longer ids do not fit the indexes of staging and core.
LONGEST_ID = 100


def row_id(stream: Stream, row: Any) -> str:
    """Return the id of a row, text, with the stream's prefix.

    Raises:
        ContractError: there is none, or none that can be stored.
    """
    found = at_path(row, stream.list.id)
    if found is None or isinstance(found, (dict, list)):
        raise ContractError(f"{stream.list.method}: a row has no {stream.list.id}")
    record_id = f"{stream.id_prefix}{found}"
    if not 0 < len(record_id) <= LONGEST_ID or not record_id.isprintable():
        raise ContractError(f"{stream.list.method}: {quotable(record_id)!r} is not an id")
    return record_id


def modified_of(spec: PlatformSpec, stream: Stream, row: Any) -> datetime | None:
    """Return when a row says that it was modified, UTC; None when it does not say so readably."""
    if spec.api is None or stream.list.modified is None:
        return None
    return read_time(at_path(row, stream.list.modified), ZoneInfo(spec.api.zone))


def asked_for(stream: Stream, record_id: str, found: Any) -> Any:
    """Return `found` unless it says that it is another record: its goods would go to the wrong buyer.

    Raises:
        ContractError: it is another one.
    """
    path = (stream.detail.id if stream.detail else None) or stream.list.id
    given = at_path(found, path) if path else None
    if given is not None and str(given) != record_id:
        raise ContractError(f"detail of {record_id}: the answer is record {quotable(str(given))}")
    return found


def record_of(
    stream: Stream, row: Any, index: int, record_id: str | None = None, modified: datetime | None = None,
    door: Door | None = None,
) -> Record:  # fmt: skip
    """Return one version, cleaned and named by its hash; personal data given in clear is masked first.

    Raises:
        ContractError: no object, nested too deep, or without a usable id.
        ConfigError: the stream gives personal data in clear, and there is no `door` to replace it at.
    """
    if not isinstance(row, dict):
        raise ContractError(f"{stream.list.method}: a row is a {type(row).__name__}, expected an object")
    named = record_id or row_id(stream, row)
    is_stable = row.keys().isdisjoint(stream.volatile)
    if stream.plain is not None:
        row, text = without_plain(stream.plain, row, door)
    else:  # The order of keys matters only to a hash.
        text = written(row) if is_stable else written(row, AS_GIVEN)
    payload, note = storable(text)
    return Record(
        record_id=named,
        modified_at=modified,
        payload=payload,
        payload_sha256=hash_of(text) if is_stable else version_hash(row, stream.volatile),
        position=index,
        note=note,
        original=None if note is None else text,
    )
