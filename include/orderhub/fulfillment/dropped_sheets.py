"""Reads the sheets that warehouses drop, row by row, under whatever headers people use for a field."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from orderhub.errors import FileRejected
from orderhub.platforms.spreadsheet.extract import open_sheet
from orderhub.platforms.spreadsheet.sheet import Cells, normalise_header

#: Field → headers that mean it, in order; compared without blanks, stars and case. The first names rows.
Headers = Mapping[str, tuple[str, ...]]
#: Rows not taken that a report lists.
MOST_PROBLEMS = 200


def named_rows(
    file: Path, headers: Headers, required: Collection[str]
) -> Iterator[tuple[dict[str, str], str]]:
    """Yield field → cell of each row, only of columns that are there, and where the row stands, for people.

    Raises:
        FileRejected: it cannot be read as a sheet, or lacks a required column.
    """
    naming = frozenset(normalise_header(header) for header in next(iter(headers.values())))
    with open_sheet(file, naming) as sheet:
        places = _places(sheet.header, headers, required)
        for row in sheet.rows:
            cells = {name: row.cells[at] if at < len(row.cells) else "" for name, at in places.items()}
            yield cells, f"第 {row.number} 行 / row {row.number}"


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
