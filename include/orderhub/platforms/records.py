"""What the engine reads of a record before it is stored: its id, when it was modified, its version."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from orderhub.errors import ContractError
from orderhub.platforms.payload import at_path, clean, dump_json, quotable, version_hash
from orderhub.platforms.spec import PlatformSpec, Stream
from orderhub.platforms.staging import Record

#: Longer ids do not fit the indexes of staging and core.
LONGEST_ID = 100


def row_id(stream: Stream, row: Any) -> str:
    """Return the id of a row, text.

    Raises:
        ContractError: there is none, or none that can be stored.
    """
    found = at_path(row, stream.list.id)
    if found is None or isinstance(found, (dict, list)):
        raise ContractError(f"{stream.list.method}: a row has no {stream.list.id}")
    record_id = str(found)
    if not 0 < len(record_id) <= LONGEST_ID or not record_id.isprintable():
        raise ContractError(f"{stream.list.method}: {quotable(record_id)!r} is not an id")
    return record_id


def modified_of(spec: PlatformSpec, stream: Stream, row: Any) -> datetime | None:
    """Return when a row says that it was modified, UTC; None when it does not say so readably."""
    found = at_path(row, stream.list.modified)
    if spec.api is None or not isinstance(found, str):
        return None
    try:
        local = datetime.strptime(found, spec.api.timestamp_format)  # noqa: DTZ007 - the zone is the platform's
    except ValueError:
        return None
    return local.replace(tzinfo=ZoneInfo(spec.api.zone)).astimezone(UTC)


def asked_for(stream: Stream, record_id: str, found: Any) -> Any:
    """Return `found` unless it says that it is another record: its goods would go to the wrong buyer.

    Raises:
        ContractError: it is another one.
    """
    given = at_path(found, stream.list.id)
    if given is not None and str(given) != record_id:
        raise ContractError(f"detail of {record_id}: the answer is record {quotable(str(given))}")
    return found


def record_of(
    stream: Stream, row: Any, index: int, record_id: str | None = None, modified: datetime | None = None
) -> Record:
    """Return one version, cleaned and named by its hash.

    Raises:
        ContractError: no object, nested too deep, or without a usable id.
    """
    if not isinstance(row, dict):
        raise ContractError(f"{stream.list.method}: a row is a {type(row).__name__}, expected an object")
    payload, note = clean(dump_json(row))
    return Record(
        record_id=record_id or row_id(stream, row),
        modified_at=modified,
        payload=payload,
        payload_sha256=version_hash(row, stream.volatile),
        position=index,
        note=note,
    )
