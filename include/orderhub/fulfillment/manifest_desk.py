"""What a person does about manifests: looks at them, writes their files again, takes one back."""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.clock import BEIJING, Clock
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import StopError
from orderhub.fulfillment.manifest_files import PARTS, scope_of, write_copies
from orderhub.fulfillment.manifest_lists import load_manifest
from orderhub.fulfillment.withdraw import free_withdrawals
from orderhub.quality.reasons import refuse_reason
from orderhub.settings import Settings

#: Goes before the name of a file whose manifest was taken back; nothing is ever deleted.
VOID = "VOID-"
_NOTE = "VOID.txt"
#: Manifests listed, and documents of one that are shown.
MOST = 50
_LATEST = text("""
    select * from core.manifests
    where cast(:warehouse_id as text) is null or warehouse_id = :warehouse_id
    order by closed_at desc, manifest_id limit :most""")
#: A manifest's folder as `Manifest.folder` names it, wherever it lies and whatever file of it was given.
_FOLDER = re.compile(
    r"(?P<warehouse>[^/\\]+)[/\\](?P<at>\d{8}-\d{4}(?:\d{2})?)(?:-amendment-(?P<number>\d+))?(?![\w-])"
)
_MEANT = text("""
    select manifest_id from core.manifests
    where manifest_id = :given
        or (warehouse_id = :warehouse_id and amendment = :amendment
            and cutoff_at = cast(:cutoff_at as timestamptz))
    order by manifest_id = :given desc, is_shadow limit 1""")
_ROW = text("""
    select m.*, c.kind, c.requested_by from core.manifests as m
    join ops.cutoffs as c using (cutoff_id) where manifest_id = :manifest_id""")
_WAVES = text("""
    select wave, count(*) as documents, sum(pieces) as pieces from core.manifest_waves
    where manifest_id = :manifest_id group by wave order by wave""")
_FILE_ROWS = text("select * from core.manifest_files where manifest_id = :manifest_id order by file_name")
_FILES = text("select file_name from core.manifest_files where manifest_id = :manifest_id order by 1")
_STATE = text("""
    select state, voided_at, voided_by, void_reason from core.manifests
    where manifest_id = :manifest_id for update""")


@dataclass(frozen=True)
class Reprinted:
    """File name → SHA-256 of what was written, and order → what of it changed since the list was closed."""

    files: Mapping[str, str]
    changed: Mapping[str, str]


@dataclass(frozen=True)
class Voided:
    """A manifest that was taken back: its marked files; when, by whom and why; whether that was before."""

    files: Sequence[str]
    said: str
    is_old: bool


@dataclass(frozen=True)
class Described:
    """One manifest: its row with the cut-off's, its waves, its files, its first documents."""

    row: Row[Any]
    waves: Sequence[Row[Any]]
    files: Sequence[Row[Any]]
    documents: Sequence[Row[Any]]


def list_manifests(database: Database, warehouse_id: str | None) -> Sequence[Row[Any]]:
    """Return the latest manifests, of one warehouse or all, newest first."""
    with database.read() as connection:
        return connection.execute(_LATEST, {"warehouse_id": warehouse_id, "most": MOST}).all()


def find_manifest(database: Database, given: str) -> str:
    """Return the id of the manifest that somebody means: by its id, or by a folder or file of it.

    Raises:
        StopError: there is none.
    """
    key: dict[str, object] = {"given": given.strip(), "warehouse_id": None, "cutoff_at": None, "amendment": 0}
    if named := _FOLDER.search(given):
        key |= {"warehouse_id": named["warehouse"], "amendment": int(named["number"] or 0)}
        with suppress(ValueError):  # Digits that are no day.
            at = named["at"].ljust(len("20261123-120000"), "0")
            key["cutoff_at"] = datetime.strptime(at, "%Y%m%d-%H%M%S").replace(tzinfo=BEIJING)
    with database.read() as connection:
        found: str | None = connection.execute(_MEANT, key).scalar_one_or_none()
    if found is None:
        raise StopError(f"manifest {given} does not exist; ./hub manifest list shows those that do")
    return found


def describe_manifest(database: Database, manifest_id: str) -> Described:
    """Return everything that people ask of one manifest.

    Raises:
        StopError: there is none of that id.
    """
    key = {"manifest_id": manifest_id, "most": MOST}
    with database.read() as connection:
        row = connection.execute(_ROW, key).one_or_none()
        if row is None:
            raise StopError(f"manifest {manifest_id} does not exist; ./hub manifest list shows those that do")
        return Described(
            row,
            connection.execute(_WAVES, key).all(),
            connection.execute(_FILE_ROWS, key).all(),
            connection.execute(statement("core/manifest_documents"), key).all(),
        )


def reprint(database: Database, clock: Clock, settings: Settings, manifest_id: str, actor: str) -> Reprinted:
    """Write the files of a manifest again, byte for byte as they were handed over.

    Raises:
        StopError: no such manifest, or one without files: a shadow, void, or not handed over yet.
        EnvironmentFault: the folder cannot be written.
        LeaseTaken: its files are being written now.
    """
    manifest = load_manifest(database, manifest_id)
    if manifest.state == "void":
        raise StopError(f"manifest {manifest_id} is void; its files stay marked {VOID} and are not printed")
    with ExitStack() as held:
        leases = [held.enter_context(hold_scope(database, scope_of(part))) for part in PARTS.values()]
        files = write_copies(database, settings, manifest)
        if not files:
            raise StopError(f"manifest {manifest_id} was not handed over yet; ./hub deliver writes its files")
        with database.transaction(leases[0]) as connection:
            record_act(connection, clock, actor, "reprint", "manifest", manifest_id)
            changed = statement("core/changed_since_manifest")
            rows = connection.execute(changed, {"manifest_id": manifest_id}).all()
    return Reprinted(files, {row.order_id: row.fields for row in rows})


def void_manifest(
    database: Database, clock: Clock, settings: Settings, manifest_id: str, actor: str, reason: str
) -> Voided:
    """Take a manifest back: its lines are free and routed anew, its files are marked.

    Doing it again marks what was not marked yet; the first reason stays.

    Raises:
        StopError: no such manifest, a shadow, no reason, or something of it left or is held by a WMS.
        LeaseTaken: its files are being written now.
    """
    refuse_reason(f"manifest {manifest_id}: taking it back", reason)
    manifest = load_manifest(database, manifest_id)
    with ExitStack() as held:
        leases = [held.enter_context(hold_scope(database, scope_of(part))) for part in PARTS.values()]
        with database.transaction(leases[0]) as connection:
            connection.execute(LOCK_DOCUMENTS)
            is_old, known = _end(connection, clock, manifest_id, actor, reason.strip())
            names = list(connection.execute(_FILES, {"manifest_id": manifest_id}).scalars())
        said = (
            f"{known.voided_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} {known.voided_by}: {known.void_reason}"
        )
        _mark(settings.manifests / manifest.folder, said)
    return Voided(names, said, is_old)


def _end(
    connection: Connection, clock: Clock, manifest_id: str, actor: str, reason: str
) -> tuple[bool, Row[Any]]:
    """End the manifest unless that is done, and return whether it was; when, by whom and why."""
    given = {"manifest_id": manifest_id, "now": clock.now(), "actor": actor, "reason": reason}
    known = connection.execute(_STATE, given).one()
    if known.state == "void":
        return True, known
    hindered = connection.execute(statement("core/manifest_hindrances"), given).one()
    _refuse(manifest_id, hindered.shipped, hindered.at_wms)
    connection.execute(statement("core/voided_manifest"), given)
    free_withdrawals(connection, clock)
    connection.execute(statement("core/void_manifest"), given)
    record_act(connection, clock, actor, "void", "manifest", manifest_id, detail={"reason": reason})
    return False, connection.execute(_STATE, given).one()


def _refuse(manifest_id: str, shipped: int, at_wms: int) -> None:
    if shipped:
        raise StopError(
            f"manifest {manifest_id}: {shipped} order(s) of it have left the building; the list stands"
        )
    if at_wms:
        raise StopError(
            f"manifest {manifest_id}: its WMS holds {at_wms} order(s) of it; cancel or hold these orders, so "
            "that the WMS is asked to give them back, and void the list when it has"
        )


def _mark(folder: Path, said: str) -> None:
    """Rename the files, also what nobody came to record, and leave a note beside them."""
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.startswith((VOID, _NOTE, ".")):
            file.replace(file.with_name(VOID + file.name))
    note = folder / _NOTE
    note.touch(mode=0o600)
    note.write_text(f"作废 / void\n{said}\n", encoding="utf-8-sig")
