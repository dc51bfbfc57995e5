"""Writes the lists a warehouse reads, as CSV and XLSX: text only, never a formula, the same bytes each time.

Not for deciding what is on a list: `orderhub.fulfillment.manifest_files` reads that from the database.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

Row = Sequence[str | None]
#: What spreadsheet programs take for the beginning of a formula, also behind blanks and quotes (CWE-1236).
_FORMULA = re.compile(r"[\s'\"＇＂]*[=+\-@＝＋－＠﹢﹣]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: The longest text a cell can hold.
CELL_LIMIT = 32_767
_WIDTH = 18


@dataclass(frozen=True)
class Sheet:
    """One list: its name, a line above the header (XLSX only), the header and the rows."""

    name: str
    caption: str
    header: Sequence[str]
    rows: Iterable[Row]


def clean_text(value: str | None) -> str:
    """Return `value` without control characters; empty for nothing."""
    if not value:
        return ""
    return value if value.isprintable() else _CONTROL.sub(" ", value)


def guard_text(value: str | None) -> str:
    """Return `value` as a CSV cell that no spreadsheet program runs: an apostrophe goes before a formula."""
    cleaned = clean_text(value)
    return f"'{cleaned}" if _FORMULA.match(cleaned) else cleaned


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a CSV file as Excel reads it: UTF-8 with byte-order mark, every cell quoted, CRLF."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows([guard_text(value) for value in row] for row in rows)


def write_workbook(path: Path, created_at: datetime, sheets: Iterable[Sheet]) -> None:
    """Write an XLSX file of text cells; `created_at` is its only date: the same lists give the same bytes."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(str(path), options)
    workbook.set_properties({"created": created_at.replace(tzinfo=None)})
    bold = workbook.add_format({"bold": True})
    for sheet in sheets:
        page = workbook.add_worksheet(sheet.name)
        page.set_column(0, len(sheet.header) - 1, _WIDTH)
        page.freeze_panes(2, 0)
        page.write_string(0, 0, sheet.caption, bold)
        for column, label in enumerate(sheet.header):
            page.write_string(1, column, label, bold)
        for number, row in enumerate(sheet.rows, start=2):
            for column, value in enumerate(row):
                page.write_string(number, column, _cell(value))
    workbook.close()


def _cell(value: str | None) -> str:
    cleaned = clean_text(value)
    return cleaned if len(cleaned) <= CELL_LIMIT else f"{cleaned[: CELL_LIMIT - 1]}…"
