"""Writes the lists a warehouse reads, as CSV and XLSX: no formula, ids as text, the same bytes each time.

Not for deciding what is on a list: `orderhub.fulfillment.manifest_files` reads that from the database.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from orderhub.db.reading import rows_of

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

Row = Sequence[str | None]
#: What spreadsheet programs take for the beginning of a formula, also behind blanks and quotes (CWE-1236).
_FORMULA = re.compile(r"[\s'\"＇＂]*[=+\-@＝＋－＠﹢﹣]")
#: The end of a cell in quotes, then neither the end of an empty one nor a letter, digit or underscore.
_ODD_BEGIN = re.compile(r'","[^\w"]')
#: The beginning of a cell in rows of COPY that is neither a letter, digit or underscore nor its end.
_ODD_CELL = re.compile(r"(?:\A|[\t\n])[^\w\t\n]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: The longest text a cell can hold.
CELL_LIMIT = 32_767
#: Columns are as wide as their widest text, within these; a Chinese character takes two.
#: What needs more goes on in further lines of its cell.
_NARROWEST, _WIDEST = 8, 48
_A4, _EVERY_CELL = 9, "A1:XFD1048576"


@dataclass(frozen=True)
class Sheet:
    """One list: its name, a line above the header (XLSX only), the header and the rows.

    `counts` names the columns whose cells are numbers in XLSX, so that people can add them up.
    """

    name: str
    caption: str
    header: Sequence[str]
    rows: Iterable[Row]
    counts: frozenset[str] = frozenset()


def clean_text(value: str | None) -> str:
    """Return `value` without control characters; empty for nothing."""
    if not value:
        return ""
    return value if value.isprintable() else _CONTROL.sub(" ", value)


def guard_text(value: str | None) -> str:
    """Return `value` as a CSV cell that no spreadsheet program runs: an apostrophe goes before a formula."""
    if value and value[0].isalnum() and value.isprintable():
        return value  # Nearly every cell; a formula begins with none of these.
    cleaned = clean_text(value)
    return f"'{cleaned}" if _FORMULA.match(cleaned) else cleaned


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a CSV file as Excel reads it: UTF-8 with byte-order mark, every cell quoted, CRLF."""
    with _opened(path, header) as file:
        _write_rows(file, rows)


def write_csv_blocks(path: Path, header: Sequence[str], blocks: Iterable[str]) -> None:
    """Write the same file of the rows of `blocks`, as `orderhub.db.reading.blocks_of` gives them."""
    with _opened(path, header) as file:
        for block in blocks:
            text = _plain_block(block)
            if text is None:
                _write_rows(file, rows_of(block))
            else:
                file.write(text)


@contextmanager
def _opened(path: Path, header: Sequence[str]) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerow(header)
        yield file


def _write_rows(file: TextIO, rows: Iterable[Row]) -> None:
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    for row in rows:
        line = _plain_line(row)
        if line is None:
            writer.writerow([guard_text(value) for value in row])
        else:
            file.write(line)


def _plain_block(block: str) -> str | None:
    """Return rows as CSV if no cell of them needs a change, as in nearly every block; None: look at each."""
    is_plain = not ("\\" in block or '"' in block or _ODD_CELL.search(block))
    if is_plain and block.replace("\t", "").replace("\n", "").isprintable():
        cells = block[:-1].replace("\t", '","').replace("\n", '"\r\n"')
        return f'"{cells}"\r\n'
    return None


def _plain_line(row: Row) -> str | None:
    """Return a row as CSV if no cell of it needs a change, as in nearly every row; None: look at each."""
    cells = '","'.join([cell or "" for cell in row])
    line = f'","{cells}"'
    if line.count('"') == 2 * len(row) + 1 and line.isprintable() and not _ODD_BEGIN.search(line):
        return f"{line[2:]}\r\n"
    return None


def write_workbook(path: Path, created_at: datetime, sheets: Iterable[Sheet]) -> None:
    """Write an XLSX file; `created_at` is its only date, so the same lists give the same bytes."""
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(str(path), options)
    workbook.set_properties({"created": created_at.replace(tzinfo=None)})
    bold = workbook.add_format({"bold": True})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    for sheet in sheets:
        page = _page(workbook, sheet, bold)
        widths = [_width(label) for label in sheet.header]
        for number, row in enumerate(sheet.rows, start=2):
            for column, value in enumerate(row):
                cell = _cell(value)
                width = _width(cell)
                if sheet.header[column] in sheet.counts and cell.isdecimal():
                    page.write_number(number, column, int(cell))
                elif width > _WIDEST:
                    page.write_string(number, column, cell, wrapped)
                else:
                    page.write_string(number, column, cell)
                widths[column] = max(widths[column], width)
        for column, width in enumerate(widths):
            page.set_column(column, column, min(_WIDEST, width))
    try:
        workbook.close()
    except FileCreateError as error:  # What it says of a full disk is no OSError, though made of one.
        raise OSError(*error.args[0].args) from None


def _page(workbook: "Workbook", sheet: Sheet, bold: "Format") -> "Worksheet":
    """Add the page of a sheet, with its caption and header: A4 across, no marks at ids that are text."""
    page: Worksheet = workbook.add_worksheet(sheet.name)
    page.freeze_panes(2, 0)
    page.set_paper(_A4)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(1)
    page.ignore_errors({"number_stored_as_text": _EVERY_CELL})
    page.write_string(0, 0, sheet.caption, bold)
    for column, label in enumerate(sheet.header):
        page.write_string(1, column, label, bold)
    return page


def _width(text: str) -> int:
    """Return how many columns of Latin letters `text` needs."""
    wide = 0 if text.isascii() else sum(character > "\u2e7f" for character in text)
    return max(_NARROWEST, len(text) + wide + 1)


def _cell(value: str | None) -> str:
    cleaned = clean_text(value)
    return cleaned if len(cleaned) <= CELL_LIMIT else f"{cleaned[: CELL_LIMIT - 1]}…"
