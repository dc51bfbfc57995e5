"""Puts one page or file into staging: one load row, and only versions that are not there yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

from sqlalchemy import Connection, TextClause, text

from orderhub.clock import Clock
from orderhub.db.copy import copy_rows

COLUMNS = (
    "load_id", "shop_id", "record_id", "modified_at", "payload", "payload_sha256", "position", "note",
    "fetched_at",
)  # fmt: skip

#: The commit of a page of a window may be flushed later: the row that says that the window is covered commits
#: after it and flushes it; without that row, after a crash, the window is open and the page is read again.
_LOAD = text("""
    insert into ops.loads
        (platform, shop_id, stream, window_id, source, file_sha256, row_count, staged_count, committed_at)
    select :platform, :shop, :stream, :window, :source, :digest, :rows, :staged, :now
    from set_config('synchronous_commit', case when cast(:window as bigint) is null
        then current_setting('synchronous_commit') else 'off' end, true)
    returning load_id""")

_ORIGINAL = text("insert into ops.originals values (:load, :record, :version, :original)")


@dataclass(frozen=True)
class Record:
    """One version of one record, ready for the database.

    Attributes:
        record_id: the platform's id, text.
        modified_at: UTC, as the list said; None when it did not.
        payload: JSON text in UTF-8, cleaned.
        payload_sha256: names the version; volatile paths do not count.
        position: index inside its page or file.
        note: what was cleaned; None when nothing.
        original: the text before it was cleaned, UTF-8 with surrogates; None when nothing was.
    """

    record_id: str
    modified_at: datetime | None
    payload: bytes
    payload_sha256: str
    position: int
    note: str | None = None
    original: bytes | None = None


@dataclass(frozen=True)
class StagedPage:
    """What one page brought."""

    load_id: int
    row_count: int
    staged_count: int


def stage_page(
    connection: Connection,
    clock: Clock,
    *,
    platform: str,
    shop_id: str,
    stream: str,
    window_id: int | None,
    source: str,
    records: Sequence[Record],
    file_sha256: str | None = None,
    row_count: int | None = None,
    asked_at: datetime | None = None,
) -> StagedPage:
    """Write the load and its unseen versions in the caller's transaction.

    Args:
        connection: inside `Database.transaction`.
        clock: stamps `committed_at` and `fetched_at`.
        platform: platform name; the table is `staging.<platform>_<stream>`.
        shop_id: our id of the shop.
        stream: orders or refunds.
        window_id: the pull window, None for files.
        source: page number or file name.
        records: the page's records.
        file_sha256: of the file's bytes, hex; None for pages.
        row_count: ids the source listed, when more than `records` (slim rows known already).
        asked_at: UTC, the source's time before the first record was asked for; `clock`'s when not given.
    """
    table = f"staging.{platform}_{stream}"
    unseen = _unseen(connection, table, shop_id, records)
    listed = len(records) if row_count is None else row_count
    now = clock.now()
    load = {
        "platform": platform, "shop": shop_id, "stream": stream, "window": window_id, "source": source,
        "digest": file_sha256, "rows": listed, "staged": len(unseen), "now": now,
    }  # fmt: skip
    load_id = connection.execute(_LOAD, load).scalar_one()
    fetched = (asked_at or now).isoformat()
    copy_rows(
        connection,
        table,
        COLUMNS,
        (
            (
                load_id, shop_id, r.record_id, r.modified_at.isoformat() if r.modified_at else None,
                r.payload, r.payload_sha256, r.position, r.note, fetched,
            )
            for r in unseen
        ),
    )  # fmt: skip
    originals = [
        {"load": load_id, "record": r.record_id, "version": r.payload_sha256, "original": r.original}
        for r in unseen
        if r.original is not None
    ]
    if originals:
        connection.execute(_ORIGINAL, originals)
    return StagedPage(load_id, listed, len(unseen))


def _unseen(connection: Connection, table: str, shop_id: str, records: Sequence[Record]) -> list[Record]:
    """Return the records that differ from the newest staged version of theirs.

    An older version that comes back is new again: what was changed there and back is stored as it is now.
    """
    if not records:
        return []
    ids = [record.record_id for record in records]
    known = connection.execute(_newest(table), {"shop": shop_id, "ids": ids})
    newest = {row.record_id: row.payload_sha256 for row in known}
    unseen: list[Record] = []
    for record in records:
        if newest.get(record.record_id) != record.payload_sha256:
            newest[record.record_id] = record.payload_sha256
            unseen.append(record)
    return unseen


@cache  # One statement per table: it is executed for every page.
def _newest(table: str) -> TextClause:
    return text(
        f"select distinct on (record_id) record_id, payload_sha256 from {table} "  # noqa: S608 - platform names are identifiers
        "where shop_id = :shop and record_id = any(:ids) "
        "order by record_id, fetched_at desc, staging_id desc"
    )


def certain_versions(
    connection: Connection, table: str, shop_id: str, listed: dict[str, datetime]
) -> set[str]:
    """Return the ids whose listed version is in staging for certain, so that no detail call is needed.

    Platform times have whole seconds: a record fetched within `5 s` after its `modified` may have changed
    again in that second, so such a copy does not count.
    """
    rows = connection.execute(
        text(
            f"select record_id, modified_at from {table} "  # noqa: S608 - platform names are identifiers
            "where shop_id = :shop and record_id = any(:ids) "
            "and fetched_at > modified_at + interval '5 seconds'"
        ),
        {"shop": shop_id, "ids": list(listed)},
    )
    return {row.record_id for row in rows if listed.get(row.record_id) == row.modified_at}


def newest_versions(
    connection: Connection,
    table: str,
    shop_id: str,
    ids: Sequence[str],
    column: Literal["modified_at", "fetched_at"] = "modified_at",
) -> dict[str, datetime | None]:
    """Return record id → when its newest staged version was modified, UTC; only of ids that are staged.

    Or when it was fetched: a list that shares its records with another may have times of its own, which say
    nothing of theirs.
    """
    rows = connection.execute(
        text(
            f"select record_id, max({column}) as modified_at from {table} "  # noqa: S608 - platform names are identifiers
            "where shop_id = :shop and record_id = any(:ids) group by record_id"
        ),
        {"shop": shop_id, "ids": list(ids)},
    )
    return {row.record_id: row.modified_at for row in rows}
