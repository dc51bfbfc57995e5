"""The drop folder: every order file of a shop is staged in one transaction, then moved aside with a report.

A crash between the commit and the move is harmless: the file is found again, known by its hash, and moved.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import Shop
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import EnvironmentFault, FileRejected
from orderhub.platforms.field_map import FieldMap
from orderhub.platforms.spec import load_platform
from orderhub.platforms.spreadsheet import csv_sheet, workbook
from orderhub.platforms.spreadsheet.columns import Columns, order_headers, resolve
from orderhub.platforms.spreadsheet.folder import finished_files, state_of
from orderhub.platforms.spreadsheet.orders import Grouped, group_rows, to_records
from orderhub.platforms.spreadsheet.report import FileReport, FileState
from orderhub.platforms.spreadsheet.sheet import Remark, Sheet
from orderhub.platforms.staging import stage_page
from orderhub.privacy.masks import mask_numbers
from orderhub.settings import Settings

SIZE_LIMIT = 500 << 20
_BLOCK = 1 << 20


@dataclass
class FileCounts:
    """What one pass over a shop's drop folder did; small enough for XCom. Rows are rows below headers."""

    files_accepted: int = 0
    files_partly_accepted: int = 0
    files_rejected: int = 0
    files_known: int = 0
    rows_read: int = 0
    rows_accepted: int = 0
    orders: int = 0
    orders_staged: int = 0

    def add(self, report: FileReport) -> None:
        """Count one file."""
        name = f"files_{report.state}"
        setattr(self, name, getattr(self, name) + 1)
        self.rows_read += report.rows_read
        self.rows_accepted += report.rows_accepted
        self.orders += report.orders
        self.orders_staged += report.new_versions


@dataclass(frozen=True)
class _Desk:
    """What every file of one pass is handled with."""

    database: Database
    clock: Clock
    settings: Settings
    shop: Shop
    field_map: FieldMap
    lease: Lease


@dataclass(frozen=True)
class Reading:
    """A file as it was understood."""

    columns: Columns
    grouped: Grouped
    remarks: tuple[Remark, ...]


def extract_shop(database: Database, clock: Clock, settings: Settings, shop: Shop) -> FileCounts:
    """Take every finished file in `<drop>/<shop>/`, oldest first.

    Args:
        database: the hub's database.
        clock: its instant is the `modified_at` of the orders of a file.
        settings: name the drop folder and the key of the hashes.
        shop: a shop whose platform is of kind files.

    Raises:
        LeaseTaken: another worker is on this shop's folder.
        ConfigError: no active configuration, or fields.csv is wrong.
        EnvironmentFault: a file cannot be read or moved; the others were taken.
    """
    counts = FileCounts()
    folder = settings.drop / shop.id
    folder.mkdir(parents=True, exist_ok=True)
    if not finished_files(folder, clock):
        return counts
    field_map = load_platform(shop.platform, load_active(database)).field_map
    faults: list[OSError] = []
    with hold_scope(database, f"files:{shop.id}") as lease:
        desk = _Desk(database, clock, settings, shop, field_map, lease)
        for file in finished_files(folder, clock):
            try:
                _take(desk, file, counts)
            except OSError as fault:
                faults.append(fault)
    if faults:
        raise EnvironmentFault(
            f"{faults[0].filename or folder}: {faults[0].strerror}; the hub must be able to read and to move "
            f"every file in {folder}; the other files were taken"
        )
    return counts


def _take(desk: _Desk, file: Path, counts: FileCounts) -> None:
    before = state_of(file)
    digest = _sha256(file)
    with desk.database.read() as connection:
        known = connection.execute(
            text(
                "select file_name, received_at from ops.file_drops "
                "where shop_id = :shop and file_sha256 = :digest and state = 'accepted'"
            ),
            {"shop": desk.shop.id, "digest": digest},
        ).one_or_none()
    if known is not None:
        counts.files_known += 1
        remark = _known(known.file_name, known.received_at.isoformat())
        report = FileReport(_shown_name(file), FileState.ACCEPTED, remarks=(remark,))
    else:
        reading = _read(desk, file)
        if state_of(file) != before:
            return  # Replaced or still written while it was read: the next pass takes what it is then.
        report = _stage(desk, file, digest, reading)
        counts.add(report)
    if state_of(file) == before:
        _move(file, report, digest)


def _shown_name(file: Path) -> str:
    """Return the name of a file as it is stored and shown: people put numbers of buyers into names."""
    return mask_numbers(file.name)


def _read(desk: _Desk, file: Path) -> Reading | FileRejected:
    try:
        return read_orders(file, desk.field_map)
    except FileRejected as rejection:
        return rejection


def read_orders(file: Path, field_map: FieldMap) -> Reading:
    """Return what `file` says, without storing anything.

    Raises:
        FileRejected: the file cannot be taken as a whole.
    """
    with open_sheet(file, order_headers(field_map)) as sheet:
        columns = resolve(sheet.header, field_map)
        grouped = group_rows(sheet, columns)
        return Reading(columns, grouped, (*sheet.remarks, *columns.remarks, *grouped.remarks))


def _stage(desk: _Desk, file: Path, digest: str, reading: Reading | FileRejected) -> FileReport:
    """Store what was read, with the report, in one transaction."""
    with desk.database.transaction(desk.lease) as connection:
        accepted_at = _next_instant(connection, desk)
        if isinstance(reading, FileRejected):
            remark = Remark(reading.zh, reading.en)
            report = FileReport(_shown_name(file), FileState.REJECTED, remarks=(remark,))
        else:
            report = _stage_orders(connection, desk, file, digest, reading, accepted_at)
        _record_drop(connection, desk, digest, report, accepted_at)
    return report


def _next_instant(connection: Connection, desk: _Desk) -> datetime:
    """Return now, or an instant after the last file when the clock was set back: the later file corrects."""
    last = connection.execute(
        text("select max(received_at) from ops.file_drops where shop_id = :shop"), {"shop": desk.shop.id}
    ).scalar_one()
    now = desk.clock.now()
    return now if last is None or last < now else last + timedelta(milliseconds=1)


def _stage_orders(
    connection: Connection, desk: _Desk, file: Path, digest: str, reading: Reading, accepted_at: datetime
) -> FileReport:
    grouped, key = reading.grouped, desk.settings.hash_key
    records = list(to_records(grouped, reading.columns, desk.shop, key, accepted_at))
    staged = 0
    if records:
        staged = stage_page(
            connection,
            desk.clock,
            platform=desk.shop.platform,
            shop_id=desk.shop.id,
            stream="orders",
            window_id=None,
            source=_shown_name(file),
            records=records,
            file_sha256=digest,
        ).staged_count
    return FileReport(
        _shown_name(file),
        _state(grouped),
        rows_read=grouped.row_count,
        rows_accepted=sum(len(rows) for rows in grouped.orders.values()),
        orders=len(records),
        new_versions=staged,
        remarks=reading.remarks if grouped.row_count else (*reading.remarks, _NO_ROWS),
        problems=tuple(grouped.problems),
    )


def _state(grouped: Grouped) -> FileState:
    if not grouped.orders:
        return FileState.REJECTED
    return FileState.PARTLY_ACCEPTED if grouped.problems else FileState.ACCEPTED


@contextmanager
def open_sheet(file: Path, headers: frozenset[str]) -> Iterator[Sheet]:
    """Choose the reader by content; names lie (.xls renamed to .xlsx, XLSX called .csv)."""
    size = file.stat().st_size
    if size == 0:
        raise FileRejected(
            "文件是空的(0 字节)。请重新导出后放入。", "The file is empty (0 bytes); export it again."
        )
    if size > SIZE_LIMIT:
        limit = SIZE_LIMIT >> 20
        raise FileRejected(
            f"文件超过 {limit} MB。请拆成几个文件后放入。", f"The file exceeds {limit} MB; split it."
        )
    with file.open("rb") as stream:
        start = stream.read(512)
    if start.startswith(workbook.OLE_MARK):
        raise workbook.refuse_container(file)
    if start.startswith(workbook.ZIP_MARK):
        with workbook.open_workbook(file, headers) as sheet:
            yield sheet
        return
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        raise FileRejected(
            "这是网页或 XML,不是表格,改扩展名没有用。请用 Excel 打开并另存为 .xlsx 后放入。",
            "This is HTML or XML, whatever its name says; open it in Excel and save it as .xlsx.",
        )
    yield csv_sheet.read_csv(file, headers)


def _record_drop(
    connection: Connection, desk: _Desk, digest: str, report: FileReport, received_at: datetime
) -> None:
    connection.execute(
        statement("ops/file_drops"),
        {
            "shop_id": desk.shop.id,
            "file_sha256": digest,
            "file_name": report.file_name,
            "state": report.state.value,
            "rows_read": report.rows_read,
            "rows_accepted": report.rows_accepted,
            "rows_rejected": report.rows_rejected,
            "report": json.dumps(report.as_json(), ensure_ascii=False),
            "received_at": received_at,
        },
    )


def _move(file: Path, report: FileReport, digest: str) -> None:
    folder = file.parent / ("rejected" if report.state is FileState.REJECTED else "accepted")
    folder.mkdir(exist_ok=True)
    target = folder / file.name
    if target.exists():
        target = folder / f"{file.stem}-{digest[:8]}{file.suffix}"
    target.with_name(f"{target.name}.report.txt").write_text(report.as_text(), encoding="utf-8-sig")
    file.replace(target)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


_NO_ROWS = Remark(
    "表头下面没有数据行。请确认导出的文件后重新放入。", "No rows below the header; export it again."
)


def _known(file_name: str, received_at: str) -> Remark:
    return Remark(
        f"内容相同的文件已于 {received_at} 接收过(文件名 {file_name}),这次没有重复导入。",
        f"The same bytes were accepted at {received_at} as {file_name!r}; nothing was taken twice.",
    )
