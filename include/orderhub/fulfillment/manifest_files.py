"""Publishes a closed manifest as files: shipping list and pick list as CSV, both as XLSX.

A file appears whole or not at all (temporary file, fsync, rename), and running again writes the same bytes.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import EnvironmentFault, StopError
from orderhub.fulfillment.labels import LABELS, Labels
from orderhub.fulfillment.sheets import Row, Sheet, write_csv, write_workbook
from orderhub.settings import Settings

SCOPE = "manifest_files"
#: A sheet ends at 1,048,576 rows, and people stop opening files long before.
WORKBOOK_LINES = 50_000
_READ_ROWS = 5_000
_Write = Callable[[Path], None]
_SHOP_COLUMN = 2
_SNAPSHOT = text("set transaction isolation level repeatable read")
_MANIFEST = text("""
    select m.manifest_id, m.warehouse_id, m.cutoff_at, m.is_shadow, m.state, m.order_count, m.line_count,
        m.quantity_total, m.closed_at, c.files as config
    from core.manifests as m
    join ops.config_versions as c using (config_version)
    where m.manifest_id = :manifest_id""")
_RECORDED = text("select file_name, file_sha256 from core.manifest_files where manifest_id = :manifest_id")
_RECORD = text("""
    insert into core.manifest_files (manifest_id, file_name, file_sha256, byte_count, published_at)
    values (:manifest_id, :file_name, :sha256, :bytes, :now)
    on conflict do nothing""")
_PUBLISHED = text("""
    update core.manifests set state = 'published', published_at = :now
    where manifest_id = :manifest_id and state = 'closed'""")


@dataclass(frozen=True)
class _Manifest:
    """A closed manifest and everything its files say besides the lines."""

    manifest_id: str
    warehouse_id: str
    cutoff_at: datetime
    is_shadow: bool
    state: str
    order_count: int
    line_count: int
    quantity_total: int
    closed_at: datetime
    config: MerchantConfig

    @property
    def folder(self) -> str:
        """Return warehouse/instant in Beijing time; seconds only where a cut-off by hand has them."""
        form = "%Y%m%d-%H%M%S" if self.cutoff_at.second else "%Y%m%d-%H%M"
        return f"{self.warehouse_id}/{self.cutoff_at.astimezone(BEIJING):{form}}"

    def caption(self, labels: Labels) -> str:
        """Return the line above the header: which building, which cut-off, how much."""
        names = {warehouse.id: warehouse.name for warehouse in self.config.warehouses}
        return labels.caption.format(
            warehouse=names.get(self.warehouse_id, self.warehouse_id),
            cutoff=f"{self.cutoff_at.astimezone(BEIJING):%Y-%m-%d %H:%M}",
            orders=self.order_count,
            lines=self.line_count,
            pieces=self.quantity_total,
        )


def publish(
    database: Database, clock: Clock, settings: Settings, payload: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the files of the manifest `payload["manifest_id"]` and return file name → SHA-256.

    Files that stand as they were recorded are left alone; missing ones are written again.

    Raises:
        StopError: no such manifest, a shadow one, or or its orders changed since its files were recorded.
        EnvironmentFault: the folder cannot be written; nothing half-written is visible.
        LeaseTaken: another process is publishing.
    """
    with hold_scope(database, SCOPE) as lease:
        manifest, recorded = _load(database, str(payload["manifest_id"]))
        if recorded and all(_digest(settings.manifests / name) == sha for name, sha in recorded.items()):
            return {"manifest_id": manifest.manifest_id, "files": recorded}
        try:
            files = _write_all(database, settings, manifest, recorded)
        except OSError as error:
            raise EnvironmentFault(
                f"{settings.manifests / manifest.folder}: cannot be written ({error.strerror}); free or "
                "repair the disk, the manifest is tried again by itself"
            ) from None
        sizes = {name: (settings.manifests / name).stat().st_size for name in files}
        rows = [
            {"manifest_id": manifest.manifest_id, "file_name": name, "sha256": sha256, "bytes": sizes[name]}
            for name, sha256 in files.items()
        ]
        with database.transaction(lease) as connection:
            connection.execute(_RECORD, [{**row, "now": clock.now()} for row in rows])
            connection.execute(_PUBLISHED, {"manifest_id": manifest.manifest_id, "now": clock.now()})
    return {"manifest_id": manifest.manifest_id, "files": files}


def _load(database: Database, manifest_id: str) -> tuple[_Manifest, dict[str, str]]:
    with database.read() as connection:
        row = connection.execute(_MANIFEST, {"manifest_id": manifest_id}).mappings().one_or_none()
        if row is None:
            raise StopError(f"manifest {manifest_id} does not exist; see core.manifests for those that do")
        if row["is_shadow"]:
            raise StopError(f"manifest {manifest_id} is a shadow: it is decided and never handed over")
        files = connection.execute(_RECORDED, {"manifest_id": manifest_id}).all()
    facts = dict(row)
    manifest = _Manifest(config=parse_config(facts.pop("config")), **facts)
    return manifest, {file.file_name: file.file_sha256 for file in files}


def _write_all(
    database: Database, settings: Settings, manifest: _Manifest, recorded: Mapping[str, str]
) -> dict[str, str]:
    labels = LABELS[settings.language]
    folder = settings.manifests / manifest.folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files: dict[str, str] = {}
    with database.read() as connection:
        connection.execute(_SNAPSHOT)
        for name, write in _writers(connection, manifest, labels):
            relative = f"{manifest.folder}/{name}"
            files[relative] = _replace(folder / name, write, recorded.get(relative))
    return files


def _writers(connection: Connection, manifest: _Manifest, labels: Labels) -> Iterator[tuple[str, _Write]]:
    """Yield each file's name and what writes it; workbooks share one reading of the lines."""
    yield "shipping_list.csv", lambda path: write_csv(path, labels.shipping, _shipping(connection, manifest))
    yield "pick_list.csv", lambda path: write_csv(path, labels.picking, _picking(connection, manifest))
    caption = manifest.caption(labels)
    lines = _shipping(connection, manifest)
    for number in range(max(1, -(-manifest.line_count // WORKBOOK_LINES))):
        part = islice(lines, WORKBOOK_LINES)
        sheets = [Sheet(labels.shipping_sheet, caption, labels.shipping, part, labels.counts)]
        if number == 0:
            picks = _picking(connection, manifest)
            sheets.append(Sheet(labels.picking_sheet, caption, labels.picking, picks, labels.counts))
        name = f"manifest-{number + 1}.xlsx" if number else "manifest.xlsx"
        yield name, partial(_write_sheets, manifest.closed_at, sheets)


def _write_sheets(created_at: datetime, sheets: list[Sheet], path: Path) -> None:
    write_workbook(path, created_at, sheets)


def _shipping(connection: Connection, manifest: _Manifest) -> Iterator[Row]:
    shops = {shop.id: shop.name for shop in manifest.config.shops}
    masked = [shop.id for shop in manifest.config.shops if shop.export_policy == "masked"]
    parameters = {"manifest_id": manifest.manifest_id, "masked_shops": masked}
    for row in _stream(connection, "core/shipping_rows", parameters):
        shop = shops.get(str(row[_SHOP_COLUMN]), row[_SHOP_COLUMN])
        yield (*row[:_SHOP_COLUMN], shop, *row[_SHOP_COLUMN + 1 :])


def _picking(connection: Connection, manifest: _Manifest) -> Iterator[Row]:
    return _stream(connection, "core/pick_rows", {"manifest_id": manifest.manifest_id})


def _stream(connection: Connection, name: str, parameters: Mapping[str, object]) -> Iterator[Row]:
    options = {"stream_results": True, "max_row_buffer": _READ_ROWS}
    with connection.execute(statement(name), parameters, execution_options=options) as result:
        for row in result:
            yield tuple(row)


def _replace(path: Path, write: _Write, recorded: str | None) -> str:
    """Write beside `path`, make it durable, rename; return the SHA-256. A different content is refused."""
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    try:
        write(part)
        _flush(part)
        digest = _digest(part)
        if recorded is not None and digest != recorded:
            raise StopError(
                f"{path}: an order changed after this list was handed over, so it cannot be written "
                "again as it was; restore it from a backup, or close a new manifest"
            )
        part.replace(path)
        _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return digest or ""


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
