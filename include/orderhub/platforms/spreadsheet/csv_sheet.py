"""Reads delimited text: encoding and separator recognised, every cell text, ragged rows visible.

The standard library's reader, not pandas': it streams, never guesses a type, and knows the line and the
number of cells of each row, which the report needs.
"""

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from orderhub.errors import FileRejected
from orderhub.platforms.spreadsheet.sheet import HEADER_ROWS, NumberedRow, Sheet, find_header, is_empty

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CANDIDATES = ("utf-8", "gb18030")
_SEPARATORS = ",\t;|"
_BLOCK = 1 << 20
#: A cell may hold a long note; the reader's own limit of 128 KiB would refuse the file.
_CELL_LIMIT = 4 << 20


def read_csv(file: Path, order_headers: frozenset[str]) -> Sheet:
    """Return the sheet in a text file.

    Raises:
        FileRejected: binary, in no known encoding, or empty.
    """
    encoding = _encoding(file)
    rows = _rows(file, encoding)
    top = list(islice(rows, HEADER_ROWS))
    if not top:
        raise FileRejected(
            "文件里没有数据。请确认导出的文件后重新放入。", "The file has no data; export it again."
        )
    header = find_header(top, order_headers)
    return Sheet(top[header].cells, chain(top[header + 1 :], rows))


def _encoding(file: Path) -> str:
    with file.open("rb") as stream:
        start = stream.read(4)
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name if _decodes(file, name) else _refuse()
    return next((name for name in _CANDIDATES if _decodes(file, name)), "") or _refuse()


def _decodes(file: Path, encoding: str) -> bool:
    try:
        with file.open(encoding=encoding, newline="") as stream:
            while stream.read(_BLOCK):
                pass
    except UnicodeError:
        return False
    return True


def _refuse() -> str:
    raise FileRejected(
        "文件不是表格,也不是 UTF-8、GB18030 或 UTF-16 文本。请另存为 XLSX 或 CSV UTF-8 后重新放入。",
        "Neither a workbook nor text in UTF-8, GB18030 or UTF-16; save it as XLSX or CSV UTF-8.",
    )


def _rows(file: Path, encoding: str) -> Iterator[NumberedRow]:
    csv.field_size_limit(_CELL_LIMIT)
    with file.open(encoding=encoding, newline="") as stream:
        separator = _separator(stream.read(_BLOCK >> 4))
    with file.open(encoding=encoding, newline="") as stream:
        lines: list[str] = []
        reader = csv.reader(_remembered(stream, lines), delimiter=separator)
        before = 0
        try:
            for cells in reader:
                _refuse_open_quote(lines, separator)
                number, before = before + 1, reader.line_num
                row = tuple(cells)
                if not is_empty(row):
                    yield NumberedRow(number, row)
        except csv.Error:
            raise FileRejected(
                f"第 {before + 1} 行起无法按 CSV 读取(引号未闭合或单元格过长)。请另存为 XLSX 后重新放入。",
                f"Not readable as CSV from row {before + 1} (open quote or oversized cell); save it as XLSX.",
            ) from None


def _remembered(stream: Iterable[str], lines: list[str]) -> Iterator[str]:
    for line in stream:
        lines.append(line)
        yield line


def _refuse_open_quote(lines: list[str], separator: str) -> None:
    """Read a row of several lines, or of an odd number of quotes, again by the strict rule; forget its lines.

    A cell that begins with a quote and has no other (`"5寸 蛋糕`) would swallow the rows below it: they would
    be lost, and their quantity given to this one.

    Raises:
        csv.Error: a quote is open, or something stands behind one that closes.
    """
    if len(lines) > 1 or sum(line.count('"') for line in lines) % 2:
        for _ in csv.reader(lines, delimiter=separator, strict=True):
            pass
    lines.clear()


def _separator(start: str) -> str:
    counts = Counter(character for line in start.splitlines()[:HEADER_ROWS] for character in line)
    return max(_SEPARATORS, key=lambda separator: counts[separator])
