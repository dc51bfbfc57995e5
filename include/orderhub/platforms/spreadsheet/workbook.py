"""Reads XLSX workbooks as a stream: the first sheet that has orders, every cell as text.

A number of more than 15 digits has lost digits in Excel already; it is written in scientific notation here,
so that an id column refuses it like the same damage in a CSV file.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from orderhub.errors import FileRejected
from orderhub.platforms.spreadsheet.sheet import (
    HEADER_ROWS,
    Cells,
    NumberedRow,
    Remark,
    Sheet,
    find_header,
    is_empty,
    normalise_header,
)

if TYPE_CHECKING:
    from openpyxl import Workbook

ZIP_MARK = b"PK\x03\x04"
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Unpacked size; a workbook of a million rows stays below.
UNPACKED_LIMIT = 2 << 30
_EXACT = 10**15
_BLOCK = 1 << 20
_BROKEN = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError,
    OSError, SyntaxError, RuntimeError,
)  # fmt: skip


@contextmanager
def open_workbook(file: Path, order_headers: frozenset[str]) -> Iterator[Sheet]:
    """Yield the first sheet whose top rows name the order number, else the first sheet with data.

    Raises:
        FileRejected: not a workbook, damaged, too large unpacked, or empty; reading rows can raise it too.
    """
    with file.open("rb") as stream:
        yield _prepare(stream, order_headers)


def refuse_container(file: Path) -> FileRejected:
    """Return why an OLE container (old .xls, or a workbook with a password) is not taken."""
    with file.open("rb") as stream:
        is_encrypted = "EncryptedPackage".encode("utf-16-le") in stream.read(64 * _BLOCK)
    if is_encrypted:
        return FileRejected(
            "工作簿设置了打开密码,无法读取。请取消密码(文件→信息→保护工作簿)后重新放入。",
            "The workbook has a password; remove it and drop the file again.",
        )
    return FileRejected(
        "这是旧版 Excel(.xls)格式,改扩展名没有用。请在 Excel 里另存为 .xlsx 后重新放入。",
        "This is an old .xls workbook, whatever its name says; save it as .xlsx.",
    )


def _prepare(stream: BinaryIO, order_headers: frozenset[str]) -> Sheet:
    try:
        remarks = _inspect(stream)
        return _choose(_load(stream), order_headers, remarks)
    except _BROKEN:
        raise _damaged() from None


def _damaged() -> FileRejected:
    return FileRejected(
        "工作簿已损坏,打不开。请用 Excel 重新打开并另存为 .xlsx 后重新放入。",
        "The workbook is damaged; open it in Excel and save it as .xlsx again.",
    )


def _inspect(stream: BinaryIO) -> tuple[Remark, ...]:
    """Look into the archive before a parser does: size, foreign entities, formulas, hidden rows."""
    with zipfile.ZipFile(stream) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            raise FileRejected(
                "压缩包里没有工作簿。请放入 .xlsx 文件本身,不要放压缩包或其他 Office 文件。",
                "The archive holds no workbook; drop the .xlsx file itself.",
            )
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_LIMIT:
            raise FileRejected(
                "工作簿解压后超过 2 GB。请拆成几个文件后重新放入。",
                "The workbook unpacks to more than 2 GB; split it.",
            )
        for part in archive.namelist():
            if part.endswith((".xml", ".rels")):
                with archive.open(part) as content:
                    if b"<!DOCTYPE" in content.read(4096):
                        raise _damaged()
        sheets = [part for part in archive.namelist() if part.startswith("xl/worksheets/")]
        has_formula = any(_contains(archive, part, b"<f>", b"<f ") for part in sheets)
        has_hidden = any(_contains(archive, part, b' hidden="1"', b' hidden="true"') for part in sheets)
    formula = Remark(
        "工作簿含公式:取的是上次保存时的计算结果,没有结果的单元格按空白处理。",
        "The workbook has formulas: saved results were taken; without one a cell counts as empty.",
    )
    hidden = Remark("工作簿有隐藏的行或列,也一并读取了。", "Hidden rows or columns were read too.")
    return tuple(remark for remark, holds in ((formula, has_formula), (hidden, has_hidden)) if holds)


def _contains(archive: zipfile.ZipFile, part: str, *needles: bytes) -> bool:
    overlap = max(len(needle) for needle in needles)
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            window = tail + block
            if any(needle in window for needle in needles):
                return True
            tail = window[-overlap:]
    return False


def _load(stream: BinaryIO) -> "Workbook":
    from openpyxl import load_workbook  # costs half a second; CSV files do not need it

    return load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def _choose(workbook: "Workbook", order_headers: frozenset[str], remarks: tuple[Remark, ...]) -> Sheet:
    candidates: list[tuple[str, list[NumberedRow], Iterator[NumberedRow]]] = []
    # What people do not see, a template say, comes last.
    for worksheet in sorted(workbook.worksheets, key=lambda one: one.sheet_state != "visible"):
        rows = _rows(worksheet)
        top = list(islice(rows, HEADER_ROWS))
        if top:
            candidates.append((worksheet.title, top, rows))
    if not candidates:
        raise FileRejected(
            "工作簿里没有数据。请确认导出的文件后重新放入。", "The workbook has no data; export it again."
        )
    title, top, rows = next((c for c in candidates if _names_orders(c[1], order_headers)), candidates[0])
    others = [name for name, _, _ in candidates if name != title]
    if others:
        remarks += (
            Remark(
                f"只读取了工作表“{title}”;没有读取:{'、'.join(others)}。",
                f"Only the sheet {title!r} was read; not read: {', '.join(others)}.",
            ),
        )
    header = find_header(top, order_headers)
    return Sheet(top[header].cells, _guarded(chain(top[header + 1 :], rows)), remarks)


def _names_orders(top: list[NumberedRow], order_headers: frozenset[str]) -> bool:
    return any(normalise_header(cell) in order_headers for row in top for cell in row.cells)


def _guarded(rows: Iterator[NumberedRow]) -> Iterator[NumberedRow]:
    try:
        yield from rows
    except _BROKEN:
        raise _damaged() from None


def _rows(worksheet: Any) -> Iterator[NumberedRow]:
    worksheet.reset_dimensions()  # Some programs write a wrong size, and rows beyond it would be lost.
    for number, values in enumerate(worksheet.iter_rows(values_only=True), start=1):
        cells = tuple(["" if value is None else _text(value) for value in values])
        if not is_empty(cells):
            yield NumberedRow(number, _trimmed(cells))


def _trimmed(cells: Cells) -> Cells:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(value)
        case datetime():
            return value.isoformat(" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _number(value: float) -> str:
    if abs(value) >= _EXACT:
        return f"{value:.14E}"
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return format(value, ".15g")
