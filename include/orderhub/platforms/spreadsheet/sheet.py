"""What both readers give: a header and rows of text, with the row numbers people see in their program."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

Cells = tuple[str, ...]

#: A header is looked for in this many non-empty rows: exports begin with titles and notes.
HEADER_ROWS = 10
#: What Excel makes of an id of more than 15 digits; the lost digits cannot be brought back.
_LOSSY = re.compile(r"\d+(\.\d+)?E\+\d+|\d+\.\d*E\d+", re.IGNORECASE)
_DECORATION = re.compile(r"[\s*＊:：]+|[(（](?:必填|选填|元|required)[)）]", re.IGNORECASE)


@dataclass(frozen=True)
class Remark:
    """Something the report tells, in both languages; no personal data."""

    zh: str
    en: str


@dataclass(frozen=True)
class NumberedRow:
    """A row as text. `number` counts from 1 like the spreadsheet program does."""

    number: int
    cells: Cells = field(repr=False)


@dataclass(frozen=True)
class Sheet:
    """One sheet, read as a stream.

    Attributes:
        header: the header's cells as written.
        rows: the non-empty rows below the header; can be read once.
        remarks: what to tell about the file.
    """

    header: Cells
    rows: Iterator[NumberedRow]
    remarks: tuple[Remark, ...] = ()


def normalise_header(text: str) -> str:
    """Return a header as it is compared: half width, lower case, no blanks, stars, colons or (必填)."""
    return _DECORATION.sub("", unicodedata.normalize("NFKC", text)).casefold()


def is_lossy(text: str) -> bool:
    """Say whether an id was turned into a number and lost digits (1.63288E+17)."""
    return _LOSSY.fullmatch(text.strip()) is not None


def plain_id(text: str) -> str:
    """Return an id without what exports put around it to keep it text: ="123", '123, a tab."""
    stripped = text.strip()
    if stripped.startswith('="') and stripped.endswith('"'):
        stripped = stripped[2:-1]
    return stripped.removeprefix("'").strip()


def is_empty(cells: Cells) -> bool:
    """Say whether a row has nothing in it."""
    return not any(cell and not cell.isspace() for cell in cells)


def find_header(rows: list[NumberedRow], order_headers: frozenset[str]) -> int:
    """Return the index of the header: the first row naming the order number, else the first row."""
    for index, row in enumerate(rows):
        if any(normalise_header(cell) in order_headers for cell in row.cells):
            return index
    return 0
