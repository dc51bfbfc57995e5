"""Reads the sheets that warehouses drop, row by row, under whatever headers people use for a field."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from orderhub.errors import FileChanges, FileRejected
from orderhub.platforms.spreadsheet.extract import open_sheet
from orderhub.platforms.spreadsheet.folder import State, state_of
from orderhub.platforms.spreadsheet.sheet import Cells, normalise_header, plain_id

#: Field → headers that mean it, in order; compared without blanks, stars and case. The first names rows.
Headers = Mapping[str, tuple[str, ...]]
#: Rows not taken that a report lists.
MOST_PROBLEMS = 200
#: More digits than this are a mistake.
_PIECES = re.compile(r"[0-9]{1,9}(\.0*)?")


def named_rows(
    file: Path, headers: Headers, required: Collection[str], told: list[str]
) -> Iterator[tuple[dict[str, str], str]]:
    """Yield field → cell of each row, only of columns that are there, and where the row stands, for people.

    What is to be told of the file goes to `told`: sheets that were not read, formulas, hidden rows.

    Raises:
        FileRejected: it cannot be read as a sheet, or lacks a required column.
        FileChanges: somebody wrote to it meanwhile; a last row may be half a row.
    """
    before = state_of(file)
    naming = frozenset(normalise_header(header) for header in next(iter(headers.values())))
    with open_sheet(file, naming) as sheet:
        told += [f"{remark.zh} / {remark.en}" for remark in sheet.remarks]
        places = _places(sheet.header, headers, required)
        for row in sheet.rows:
            cells = {name: row.cells[at] if at < len(row.cells) else "" for name, at in places.items()}
            yield cells, f"第 {row.number} 行 / row {row.number}"
    refuse_changed(file, before)


def refuse_changed(file: Path, before: State) -> None:
    """Let a file pass that is what it was.

    Raises:
        FileChanges: it was written to since.
    """
    if state_of(file) != before:
        raise FileChanges(f"{file.name}: was written to while it was read; it is taken the next time")


def pieces_in(cell: str) -> int | None:
    """Return pieces as people and programs write them, 2 or 2.0; None where that is no whole number."""
    said = unicodedata.normalize("NFKC", plain_id(cell))
    return int(said.partition(".")[0]) if _PIECES.fullmatch(said) else None


def half_width(name: str) -> str:
    """Return a name in half width, without what cannot be seen."""
    return "".join(filter(str.isprintable, unicodedata.normalize("NFKC", name))).strip()


def _places(header: Cells, headers: Headers, required: Collection[str]) -> dict[str, int]:
    names = [normalise_header(cell) for cell in header]
    places = {}
    for wanted, aliases in headers.items():
        found = [names.index(alias) for alias in map(normalise_header, aliases) if alias in names]
        if found:
            places[wanted] = found[0]
    missing = [headers[name][0] for name in required if name not in places]
    if missing:
        columns = "、".join(missing)
        raise FileRejected(f"缺少列:{columns}。", f"Missing columns: {columns}.")
    return places
