"""Reads the CSV files a clerk edits: a header, `#` comment lines, text values with line numbers."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from orderhub.config.located_yaml import nearest
from orderhub.errors import ConfigError


@dataclass(frozen=True)
class Row:
    """One data row: its line in the file and its values by column; empty cells are empty text."""

    file: str
    line: int
    values: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.values[column]

    def refuse(self, column: str, rule: str) -> ConfigError:
        """Return the error to raise about `column` of this row."""
        return ConfigError(f"{self.file}:{self.line}: {column}: {self.values[column]!r} {rule}")


def read_table(source: str, file: str, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
    """Return the data rows of a CSV text.

    Args:
        source: the text; a byte-order mark is dropped.
        file: name for messages.
        columns: columns that must be there.
        optional: columns that may be there.

    Raises:
        ConfigError: no header, an unknown or missing column, a row of another length.
    """
    header: list[str] | None = None
    rows: list[Row] = []
    for line, text in enumerate(re.split(r"\r\n|\n|\r", source.removeprefix("\ufeff")), start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        cells = _cells(text, file, line)
        if header is None:
            header = cells
            _check_header(header, file, line, columns, optional)
            continue
        if len(cells) != len(header):
            raise ConfigError(
                f"{file}:{line}: {len(cells)} cells, the header has {len(header)}; quote commas inside a cell"
            )
        values = dict.fromkeys(optional, "") | dict(zip(header, cells, strict=True))
        rows.append(Row(file, line, values))
    if header is None:
        raise ConfigError(f"{file}:1: no header; expected {','.join(columns)}")
    return rows


def _cells(text: str, file: str, line: int) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True))]
    except csv.Error:
        raise ConfigError(
            f"{file}:{line}: a quote is not closed; a cell holds no line break, and a quote in it is doubled"
        ) from None


def _check_header(
    header: list[str], file: str, line: int, columns: Sequence[str], optional: Sequence[str]
) -> None:
    allowed = [*columns, *optional]
    for name in header:
        if name not in allowed:
            raise ConfigError(f"{file}:{line}: column {name!r} is not known; {nearest(name, allowed)}")
        if header.count(name) > 1:
            raise ConfigError(f"{file}:{line}: column {name!r} is given twice")
    missing = [name for name in columns if name not in header]
    if missing:
        raise ConfigError(f"{file}:{line}: column {missing[0]!r} is missing; expected {','.join(allowed)}")
