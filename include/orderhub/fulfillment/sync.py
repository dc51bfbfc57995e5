"""Brings every warehouse up to date: stock and parcels from its WMS, or from the files it dropped."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from orderhub.clock import BEIJING, Clock
from orderhub.config.csv_table import read_table
from orderhub.config.models import MerchantConfig, Warehouse
from orderhub.db.engine import Database
from orderhub.errors import (
    AlreadyDone,
    ConfigError,
    EnvironmentFault,
    FileChanges,
    FileRejected,
    LeaseTaken,
    RetryError,
    StopError,
)
from orderhub.fulfillment.dropped_sheets import pieces_in, refuse_changed
from orderhub.fulfillment.return_sheets import is_return_sheet, take_return_sheet
from orderhub.fulfillment.stock import MOST_PIECES
from orderhub.fulfillment.stock_sync import Reading, SyncedStock, take_reading
from orderhub.fulfillment.tracking_sheets import take_tracking_sheet
from orderhub.fulfillment.wms.account import open_account
from orderhub.fulfillment.wms.confirm import ask_open_documents
from orderhub.fulfillment.wms.returns import ask_open_returns
from orderhub.fulfillment.wms.stock import read_stock
from orderhub.platforms.spreadsheet.folder import finished_files, state_of
from orderhub.settings import Settings
from orderhub.spoken import told

log = structlog.get_logger(__name__)
FILE = "stock.csv"


@dataclass(frozen=True)
class StockSync:
    """What one round brought: warehouses read, and why others were not."""

    synced: tuple[SyncedStock, ...]
    failed: dict[str, str]


def sync_stock(database: Database, clock: Clock, settings: Settings, config: MerchantConfig) -> StockSync:
    """Read the stock of every warehouse that has a WMS or dropped a file; one that fails stops no other.

    Raises:
        LeaseTaken: somebody else deals with one of them now; the others were read.
    """
    synced: list[SyncedStock] = []
    failed: dict[str, str] = {}
    busy: list[LeaseTaken] = []
    for warehouse in config.warehouses:
        file = stock_file(settings, warehouse.id)
        try:
            if warehouse.wms is not None:
                reading = _from_wms(database, clock, settings, config, warehouse.id)
                synced.append(take_reading(database, clock, config, reading))
            else:
                synced += _from_folder(database, clock, config, warehouse, file)
        except (RetryError, StopError) as error:
            failed[warehouse.id] = str(error)
            log.warning("stock not read", warehouse_id=warehouse.id, why=str(error))
        except AlreadyDone:
            log.info("stock was read already", warehouse_id=warehouse.id)
        except LeaseTaken as taken:
            busy.append(taken)
    if busy and not failed:
        raise busy[0]
    return StockSync(tuple(synced), failed)


def stock_file(settings: Settings, warehouse_id: str) -> Path:
    """Return where a warehouse without a WMS drops its count."""
    return settings.drop / "warehouses" / warehouse_id / FILE


def _from_folder(
    database: Database, clock: Clock, config: MerchantConfig, warehouse: Warehouse, file: Path
) -> list[SyncedStock]:
    """Take what a warehouse dropped: its sheets, then its count; a file that is still written waits.

    Raises:
        EnvironmentFault: a file cannot be read or moved.
    """
    folder = file.parent
    if not folder.is_dir():
        return []
    try:
        take_sheets(database, clock, warehouse.id, folder)
        if file in finished_files(folder, clock):
            return [_take_file(database, clock, config, warehouse, file)]
    except FileChanges as changed:
        log.info("dropped file not taken yet", warehouse_id=warehouse.id, why=str(changed))
    except OSError as fault:
        raise EnvironmentFault(
            f"{fault.filename or folder}: {fault.strerror}; the hub must be able to read and to move "
            f"every file in {folder}"
        ) from None
    return []


def take_sheets(database: Database, clock: Clock, warehouse_id: str, folder: Path) -> int:
    """Take a warehouse's sheets of parcels and of returns, the oldest first, and return how many.

    Raises:
        FileChanges: one is still written; those after it wait, and so does the count.
    """
    files = [file for file in finished_files(folder, clock) if file.name != FILE]
    for file in files:
        saved_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        try:
            report = _take_sheet(database, clock, warehouse_id, file)
        except FileRejected as error:
            _move(file, "rejected", saved_at, f"{error.zh}\n{error.en}")
            log.warning("sheet refused", warehouse_id=warehouse_id, why=error.en)
            continue
        _move(file, "accepted", saved_at, "\n".join(report))
    return len(files)


def _take_sheet(database: Database, clock: Clock, warehouse_id: str, file: Path) -> list[str]:
    if is_return_sheet(file):
        returned, problems = take_return_sheet(database, clock, warehouse_id, file)
        log.info("returns taken", warehouse_id=warehouse_id, **vars(returned))
        said = f"良品 / sellable: {returned.sellable},残次 / defects: {returned.defect}"
        return [f"{said},对不上 / doubts: {returned.doubts}", *problems]
    recorded, problems = take_tracking_sheet(database, clock, warehouse_id, file)
    log.info("tracking numbers taken", warehouse_id=warehouse_id, **vars(recorded))
    return [f"包裹 / parcels: {recorded.parcels},对不上 / doubts: {recorded.doubts}", *problems]


def _from_wms(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig, warehouse_id: str
) -> Reading:
    """Ask what has come back, read the figures, then ask what has left: what they lack or hold is known.

    Documents that could not be asked for are a doubt that the taking allows for; they are asked for also
    where no figure is to be had, since their numbers are owed to the platforms.
    """
    account = open_account(clock, settings, config, warehouse_id)
    with suppress(RetryError):
        ask_open_returns(database, clock, account)
    try:
        return read_stock(database, clock, account)
    finally:
        with suppress(RetryError):
            ask_open_documents(database, clock, account)


def _take_file(
    database: Database, clock: Clock, config: MerchantConfig, warehouse: Warehouse, file: Path
) -> SyncedStock:
    """Take a dropped count, as of when the file was saved, and move it to accepted/ or rejected/."""
    before = state_of(file)
    saved_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    as_of = min(saved_at, clock.now())
    try:
        reading = Reading(warehouse.id, "file", as_of, is_locked_inside=True, pieces=_pieces(file))
        refuse_changed(file, before)
        synced = take_reading(database, clock, config, reading)
    except (ConfigError, AlreadyDone) as error:
        _move(file, "rejected", as_of, f"{told(error, in_english=False)}\n{error}")
        raise
    said = [f"{synced.skus} SKU, {synced.changed} changed"]
    said += [f"skus.csv 里没有 / not in skus.csv: {', '.join(synced.unknown)}"] if synced.unknown else []
    _move(file, "accepted", as_of, "\n".join(said))
    return synced


def _pieces(file: Path) -> dict[str, int]:
    try:
        source = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not UTF-8; save it as UTF-8 (Excel: CSV UTF-8)") from None
    pieces: dict[str, int] = {}
    for row in read_table(source, file.name, ("sku_id", "on_hand"), ("comment",)):
        sku_id, on_hand = row["sku_id"], row["on_hand"]
        if not sku_id or sku_id in pieces:
            raise row.refuse("sku_id", "must be given, and once")
        counted = pieces_in(on_hand)
        if counted is None:
            raise row.refuse("on_hand", f"is not a whole number of pieces from 0 to {MOST_PIECES - 1}")
        pieces[sku_id] = counted
    if not pieces:
        raise ConfigError(f"{file}: no row under the header; a count names its SKUs, one a line")
    return pieces


def _move(file: Path, folder: str, as_of: datetime, said: str) -> None:
    stamp = f"{as_of.astimezone(BEIJING):%Y%m%d-%H%M%S}"
    target = file.parent / folder / f"{file.stem}-{stamp}{file.suffix}"
    target.parent.mkdir(exist_ok=True)
    target.with_suffix(".report.txt").write_text(said + "\n", encoding="utf-8-sig")
    file.replace(target)
