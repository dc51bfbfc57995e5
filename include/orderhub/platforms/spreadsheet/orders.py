"""Groups the rows of a sheet into orders, wherever they stand, and turns each order into one staged version.

An order is taken whole or not at all: when one of its rows cannot be trusted, all of them are listed in the
report, because half an order would be shipped as if it were the whole.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

from orderhub.config.models import Shop
from orderhub.platforms.payload import clean, version_hash, written
from orderhub.platforms.plain_receiver import protect
from orderhub.platforms.spreadsheet.columns import Columns
from orderhub.platforms.spreadsheet.sheet import (
    Cells,
    NumberedRow,
    Remark,
    Sheet,
    is_empty,
    is_lossy,
    plain_id,
)
from orderhub.platforms.staging import Record
from orderhub.privacy.hashes import keyed_hash
from orderhub.privacy.masks import mask_name, mask_numbers

LONGEST_ID = 100
#: Excel cuts longer texts without a word, so a text of just this length has probably lost its end.
LONGEST_CELL = 32_767
_MOBILE = re.compile(r"\s*(?:\+?86)?[\s-]*1[3-9]\d[\s-]*\d{4}[\s-]*\d{4}\s*")
_TOTAL = re.compile("合计|总计|小计|汇总|共计|total", re.IGNORECASE)


@dataclass(frozen=True)
class RowProblem:
    """A row that was not taken, and why."""

    row: int
    why: Remark


@dataclass
class Grouped:
    """What a sheet holds: rows by order number, the rows that were not taken, and what to tell."""

    orders: dict[str, list[tuple[int, Cells]]] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    row_count: int = 0


class _Memo(dict[str, str]):
    """Remembers what each distinct text became: a file repeats most of its texts."""

    def __init__(self, change: Callable[[str], str]) -> None:
        self._change = change

    def __missing__(self, text: str) -> str:
        self[text] = changed = self._change(clean(text)[0])
        return changed


class _Grouping:
    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._width = len(columns.names)
        text, ids, messages, labels = _Memo(str), _Memo(plain_id), _Memo(mask_numbers), _Memo(mask_name)
        self._memos = [
            ids
            if i in columns.ids
            else labels
            if i in columns.labels
            else messages
            if i in columns.messages
            else text
            for i in range(self._width)
        ]
        self._grouped = Grouped()
        self._spoiled: dict[str, int] = {}
        self._previous = ""

    def add(self, row: NumberedRow) -> None:
        self._grouped.row_count += 1
        cells = tuple([memo[cell] for memo, cell in zip(self._memos, row.cells, strict=False)])
        cells += ("",) * (self._width - len(cells))
        order_number = _first(cells, self._columns.order_number)
        why = self._refusal(row, cells, order_number)
        if why is None:
            self._previous = order_number
            self._grouped.orders.setdefault(order_number, []).append((row.number, cells))
            return
        self._grouped.problems.append(RowProblem(row.number, why))
        spoiled = order_number or (self._previous if _first(cells, self._columns.sku) else "")
        if spoiled:
            self._spoiled.setdefault(spoiled, row.number)

    def conclude(self) -> Grouped:
        """Take out the orders of which a row was refused, and look for texts that were cut."""
        for order_number, cause in self._spoiled.items():
            for number, _ in self._grouped.orders.pop(order_number, ()):
                self._grouped.problems.append(RowProblem(number, _incomplete(cause)))
        self._grouped.problems.sort(key=lambda problem: problem.row)
        if any(len(text) == LONGEST_CELL for memo in self._memos for text in memo):
            self._grouped.remarks.append(_CUT)
        return self._grouped

    def _refusal(self, row: NumberedRow, cells: Cells, order_number: str) -> Remark | None:
        if len(row.cells) > self._width and not is_empty(row.cells[self._width :]):
            return _too_many_cells(len(row.cells), self._width)
        if not order_number:
            return _NO_ORDER_NUMBER
        if _TOTAL.fullmatch(order_number) and not _first(cells, self._columns.sku):
            return _TOTAL_ROW
        if len(order_number) > LONGEST_ID:
            return _TOO_LONG
        lossy = next((i for i in self._columns.ids if is_lossy(cells[i])), None)
        return None if lossy is None else _lossy(self._columns.names[lossy])


def group_rows(sheet: Sheet, columns: Columns) -> Grouped:
    """Return the rows of `sheet` by order number, in the order of the file.

    Raises:
        FileRejected: the file turns out to be damaged while it is read.
    """
    grouping = _Grouping(columns)
    for row in sheet.rows:
        grouping.add(row)
    return grouping.conclude()


def to_records(
    grouped: Grouped, columns: Columns, shop: Shop, key: SecretStr, accepted_at: datetime
) -> Iterator[Record]:
    """Yield one version per order; personal data is masked and hashed here, before anything is stored.

    Args:
        grouped: rows by order number.
        columns: what each column is.
        shop: whose file it is.
        key: of the hashes.
        accepted_at: UTC; the `modified_at` of all orders of the file.
    """
    for position, (order_number, numbered) in enumerate(grouped.orders.items()):
        rows = [
            _without_number(cells, columns.order_level.get("customer_id", ()), key) for _, cells in numbered
        ]
        payload: dict[str, object] = {
            "order": _order_level(rows, columns),
            "rows": [_staged_row(cells, columns) for cells in rows],
            "receiver": protect(_plain_receiver(rows, columns), shop, key),
            "disagreeing_fields": _disagreeing(rows, columns),
        }
        version = version_hash(
            payload
        )  # Without the instant: the same rows dropped again are the same version.
        payload["accepted_at"] = accepted_at.isoformat()
        yield Record(order_number, accepted_at, written(payload), version, position)


def _without_number(cells: Cells, customers: Sequence[int], key: SecretStr) -> Cells:
    """Replace a mobile number that serves as the buyer's id by its keyed hash: still one id per buyer."""
    hashed = {i: keyed_hash(key, cells[i]) for i in customers if _MOBILE.fullmatch(cells[i])}
    return tuple(hashed.get(i, cell) for i, cell in enumerate(cells)) if hashed else cells


def _first(cells: Cells, columns: Sequence[int]) -> str:
    return next((cells[i] for i in columns if cells[i] and not cells[i].isspace()), "")


def _first_of_rows(rows: list[Cells], columns: Sequence[int]) -> str:
    return next((text for cells in rows if (text := _first(cells, columns))), "")


def _order_level(rows: list[Cells], columns: Columns) -> dict[str, str]:
    """Return each order-level column's first value: often only the first row of an order carries it."""
    level = {i for field_columns in columns.order_level.values() for i in field_columns}
    found = {columns.names[i]: _first_of_rows(rows, (i,)) for i in sorted(level)}
    return {name: text for name, text in found.items() if text}


def _staged_row(cells: Cells, columns: Columns) -> dict[str, str]:
    return {
        name: cell
        for i, (name, cell) in enumerate(zip(columns.names, cells, strict=True))
        if cell and i not in columns.personal
    }


def _plain_receiver(rows: list[Cells], columns: Columns) -> dict[str, str]:
    return {name: _first_of_rows(rows, indexes) for name, indexes in columns.receiver.items()}


def _disagreeing(rows: list[Cells], columns: Columns) -> list[str]:
    """Return the order-level fields for which the rows give more than one value; an empty cell gives none."""
    fields = [name for name, indexes in columns.order_level.items() if _varies(rows, indexes)]
    if any(_varies(rows, indexes) for indexes in columns.receiver.values()):
        fields.append("receiver")
    return fields


def _varies(rows: list[Cells], indexes: Sequence[int]) -> bool:
    if all(len({cells[i] for cells in rows}) == 1 for i in indexes):
        return False  # The usual case, and five times as fast.
    return len({text.strip() for cells in rows if (text := _first(cells, indexes))}) > 1


_NO_ORDER_NUMBER = Remark(
    "订单号为空。如果是合并单元格,请取消合并并填满每一行;它上面的订单可能缺行,因此也没有导入。",
    "No order number. Unmerge merged cells and fill every row; the order above may lack rows, so it waits.",
)
_CUT = Remark(
    f"有单元格正好 {LONGEST_CELL} 个字符,Excel 很可能截断了它,请核对原文。",
    f"A cell has exactly {LONGEST_CELL} characters: Excel has probably cut it; compare with the original.",
)
_TOTAL_ROW = Remark("合计行,不是订单。", "A total, not an order.")
_TOO_LONG = Remark(
    f"订单号超过 {LONGEST_ID} 个字符,可能是列错位。请检查这一行。",
    f"The order number has more than {LONGEST_ID} characters; check the row for shifted columns.",
)


def _too_many_cells(count: int, width: int) -> Remark:
    return Remark(
        f"这一行有 {count} 格,表头只有 {width} 列。单元格里的逗号要用引号括起来,或改用 XLSX。",
        f"{count} cells, the header has {width}; quote commas inside a cell, or use XLSX.",
    )


def _lossy(column: str) -> Remark:
    return Remark(
        f"“{column}”被存成了数字,超过 15 位的部分已丢失。请把这一列设为文本格式,重新填入或重新导出。",
        f"{column!r} was stored as a number and lost digits beyond 15; make the column text, export again.",
    )


def _incomplete(cause: int) -> Remark:
    return Remark(
        f"同一订单的第 {cause} 行有问题,整单没有导入。改好那一行后重新放入即可。",
        f"Row {cause} of the same order is refused, so the order waits; correct it, drop the file again.",
    )
