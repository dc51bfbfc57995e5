"""Publishes a closed manifest as files, in three parts that never wait for one another.

A file appears whole or not at all (temporary file, fsync, rename). What was handed over is kept as it was:
writing again gives the same bytes, whatever became of the orders. What is in them: `manifest_lists`.
"""

import hashlib
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING, Clock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import EnvironmentFault, StopError
from orderhub.fulfillment.labels import LABELS
from orderhub.fulfillment.manifest_lists import WRITERS, Manifest, Write, load_manifest
from orderhub.fulfillment.plans import ON_ONE_CORE, WITHOUT_FIGURES
from orderhub.settings import Settings

#: Target of the outbox → the part it writes. The first two are CSV at any size; books are for people, slow.
PARTS = {"manifest_files": "lists", "manifest_labels": "labels", "manifest_books": "books"}
_FASTEST = 1
#: Between two readings a book is written, which takes minutes when it is large.
_SNAPSHOT = text("""
    set transaction isolation level repeatable read;
    set local idle_in_transaction_session_timeout = '20min'""")
#: From so many lines on, tables are joined as sets: the planner knows nothing yet of rows written a moment
#: ago, and would look through all parcels once per line. Small manifests find their rows by index.
_MANY_LINES = 5_000
_RECORDED = text("""
    select file_name, file_sha256, copy_removed_at from core.manifest_files
    where manifest_id = :manifest_id and part = :part""")
_COPY = text("""
    select content from core.manifest_copies where manifest_id = :manifest_id and file_name = :file_name""")
_RECORD = text("""
    insert into core.manifest_files
        (manifest_id, file_name, file_sha256, byte_count, published_at, part)
    values (:manifest_id, :file_name, :sha256, :bytes, :now, :part)
    on conflict do nothing""")
_KEEP = text("""
    insert into core.manifest_copies (manifest_id, file_name, content)
    values (:manifest_id, :file_name, :content) on conflict do nothing""")
_PUBLISHED = text("""
    update core.manifests set state = 'published', published_at = :now
    where manifest_id = :manifest_id and state = 'closed' and :part = 'lists'""")


@dataclass(frozen=True)
class _Recorded:
    """What is known of a file that was handed over."""

    sha256: str
    copy_removed_at: datetime | None


def publish(
    database: Database, clock: Clock, settings: Settings, payload: Mapping[str, Any], part: str = "lists"
) -> dict[str, Any]:
    """Write a part of the files of manifest `payload["manifest_id"]` and return file name → SHA-256.

    Files that stand as they were recorded are left alone; missing ones are written again as they were. A
    manifest that became void before this was sent has no files.

    Raises:
        StopError: no such manifest, a shadow, or one without copies whose orders changed.
        EnvironmentFault: the folder cannot be written; nothing half-written is visible.
        LeaseTaken: another process is publishing this part.
    """
    with hold_scope(database, scope_of(part)) as lease:
        manifest = load_manifest(database, str(payload["manifest_id"]))
        recorded = _recorded(database, manifest, part)
        if manifest.state == "void":
            return {"manifest_id": manifest.manifest_id, "files": {}}
        if recorded and all(_digest(settings.manifests / n) == file.sha256 for n, file in recorded.items()):
            known = {name: file.sha256 for name, file in recorded.items()}
            return {"manifest_id": manifest.manifest_id, "files": known}
        try:
            files = _write_all(database, settings, manifest, part, recorded)
        except OSError as error:
            raise _unwritable(settings.manifests / manifest.folder, error) from None
        with database.transaction(lease) as connection:
            for name, sha256 in files.items():
                _record(connection, settings, {"manifest_id": manifest.manifest_id, "file_name": name}, {
                    "sha256": sha256, "now": clock.now(), "part": part,
                })  # fmt: skip
            connection.execute(
                _PUBLISHED, {"manifest_id": manifest.manifest_id, "now": clock.now(), "part": part}
            )
    return {"manifest_id": manifest.manifest_id, "files": files}


def scope_of(part: str) -> str:
    """Return the lease under which a part of any manifest is written."""
    return f"manifest_files:{part}"


def write_copies(database: Database, settings: Settings, manifest: Manifest) -> dict[str, str]:
    """Write every file that was handed over again, byte for byte, and return file name → SHA-256.

    Raises:
        StopError: a file of which there is no copy, and whose orders changed since.
        EnvironmentFault: the folder cannot be written.
    """
    files: dict[str, str] = {}
    try:
        for part in PARTS.values():
            recorded = _recorded(database, manifest, part)
            files |= _write_all(database, settings, manifest, part, recorded) if recorded else {}
    except OSError as error:
        raise _unwritable(settings.manifests / manifest.folder, error) from None
    return files


def _unwritable(folder: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"{folder}: cannot be written ({error.strerror}); free or repair the disk, "
        "the manifest is tried again by itself"
    )


def _recorded(database: Database, manifest: Manifest, part: str) -> dict[str, _Recorded]:
    with database.read() as connection:
        rows = connection.execute(_RECORDED, {"manifest_id": manifest.manifest_id, "part": part}).all()
    return {row.file_name: _Recorded(row.file_sha256, row.copy_removed_at) for row in rows}


def _record(
    connection: Connection, settings: Settings, key: Mapping[str, str], facts: Mapping[str, Any]
) -> None:
    """Record one file and keep its bytes."""
    content = (settings.manifests / key["file_name"]).read_bytes()
    connection.execute(_RECORD, {**key, **facts, "bytes": len(content)})
    connection.execute(_KEEP, {**key, "content": zlib.compress(content, _FASTEST)})


def _write_all(
    database: Database, settings: Settings, manifest: Manifest, part: str, recorded: Mapping[str, _Recorded]
) -> dict[str, str]:
    """Write the files of a part: as they were where copies are kept, else from the lines."""
    folder = settings.manifests / manifest.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, str] = {}
    with database.read() as connection:
        connection.execute(_SNAPSHOT)
        if manifest.line_count >= _MANY_LINES:
            connection.execute(WITHOUT_FIGURES)
            connection.execute(ON_ONE_CORE)
        copies = {name: copy for name in recorded if (copy := _copy(connection, manifest, name)) is not None}
        if recorded and copies.keys() == recorded.keys():
            for name, content in copies.items():
                files[name] = _replace(settings.manifests / name, _bytes_of(content), recorded[name])
            return files
        for name, write in WRITERS[part](connection, manifest, LABELS[settings.language]):
            relative = f"{manifest.folder}/{name}"
            files[relative] = _replace(folder / name, write, recorded.get(relative))
    return files


def _copy(connection: Connection, manifest: Manifest, file_name: str) -> bytes | None:
    key = {"manifest_id": manifest.manifest_id, "file_name": file_name}
    content = connection.execute(_COPY, key).scalar_one_or_none()
    return None if content is None else zlib.decompress(content)


def _bytes_of(content: bytes) -> Write:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def _replace(path: Path, write: Write, recorded: _Recorded | None) -> str:
    """Write beside `path`, make it durable, rename; return the SHA-256. A different content is refused."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    try:
        write(part)
        _flush(part)
        digest = _digest(part)
        if recorded is not None and digest != recorded.sha256:
            raise StopError(_gone(path, recorded.copy_removed_at))
        part.replace(path)
        _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return digest or ""


def _gone(path: Path, removed_at: datetime | None) -> str:
    copy = "no copy was kept then"
    if removed_at is not None:
        day = f"{removed_at.astimezone(BEIJING):%Y-%m-%d}"
        copy = f"its copy was removed on {day} (copies_days of routing.yaml)"
    return (
        f"{path}: an order changed after this list was handed over, and {copy}, so it cannot be written "
        "again as it was; restore the file from a backup; ./hub manifest show says what was on the list"
    )


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, hex; None when it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
