"""Takes the sheets in which a warehouse without a WMS says what came back, and how good it is.

A sheet says what came since the one before; the same sheet again says nothing new.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.domain.returns import Grade
from orderhub.fulfillment.dropped_sheets import MOST_PROBLEMS, Headers, half_width, named_rows, pieces_in
from orderhub.fulfillment.returns import Confirmation, Returned, record_returns
from orderhub.platforms.spreadsheet.sheet import is_lossy, plain_id

#: How the names of such sheets begin; any other sheet holds tracking numbers.
NAMES = ("returns", "退货")
_HEADERS: Headers = {
    "name": ("售后单号", "退货单号", "平台订单号", "订单号", "after-sale", "return", "order number"),
    "sku": ("商品编码", "sku"),
    "quantity": ("数量", "quantity"),
    "grade": ("品级", "质量", "grade"),
}
#: Words for how good goods are; anything else is asked back.
_GRADES: Mapping[str, Grade] = {
    "良品": "sellable", "正品": "sellable", "可售": "sellable", "zp": "sellable", "sellable": "sellable",
    "残次": "defect", "残次品": "defect", "次品": "defect", "不良": "defect",
    "cc": "defect", "defect": "defect",
}  # fmt: skip


@dataclass
class ReturnSheet:
    """What one sheet says: name → (SKU, grade) → pieces; rows nobody can take."""

    returns: dict[str, dict[tuple[str, Grade], int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, row: Mapping[str, str], where: str) -> None:
        """Take one row; pieces of which nobody says how good they are come back to nobody's stock."""
        name, sku = plain_id(row["name"]), half_width(plain_id(row["sku"]))
        quantity, grade = pieces_in(row["quantity"]), _GRADES.get(half_width(row["grade"]).lower())
        if not name or not name.isprintable() or not sku or is_lossy(name):
            self.problems.append(
                f"{where}: 单号或商品编码为空,或被 Excel 变成了数字 / a number is missing or cut"
            )
        elif quantity is None:
            self.problems.append(f"{where}: 数量不是整数 / the quantity is not a whole number")
        elif grade is None:
            self.problems.append(f"{where}: 品级要写 良品 或 残次 / the grade must be 良品 or 残次")
        elif quantity:
            pieces = self.returns.setdefault(name, {})
            pieces[sku, grade] = pieces.get((sku, grade), 0) + quantity

    def named(self, file_name: str) -> str:
        """Return what tells this sheet from others: its name and what it says.

        Not its bytes: a sheet that is opened and saved again has others, and says nothing new.
        """
        said = [(name, *what, pieces) for name, each in self.returns.items() for what, pieces in each.items()]
        return hashlib.sha256(json.dumps([file_name, sorted(said)]).encode()).hexdigest()[:16]


def is_return_sheet(file: Path) -> bool:
    """Return whether a sheet says what came back, by its name."""
    return file.name.lower().startswith(NAMES)


def take_return_sheet(
    database: Database, clock: Clock, warehouse_id: str, file: Path
) -> tuple[Returned, list[str]]:
    """Record a sheet's returns, as of when it was saved; return what changed, and rows not taken.

    Raises:
        FileRejected: it cannot be read as a sheet, or lacks a column.
        LeaseTaken: somebody else records for this warehouse now.
    """
    sheet = _read(file)
    said_by = sheet.named(file.name)
    at = min(datetime.fromtimestamp(file.stat().st_mtime, UTC), clock.now())
    with hold_scope(database, f"wms:{warehouse_id}") as lease, database.transaction(lease) as connection:
        confirmations = list(_confirmations(connection, warehouse_id, sheet, said_by, at))
        returned = record_returns(connection, clock, warehouse_id, confirmations, "file")
    return returned, sheet.problems[:MOST_PROBLEMS]


def _read(file: Path) -> ReturnSheet:
    read = ReturnSheet()
    for row, where in named_rows(file, _HEADERS, _HEADERS, read.problems):
        read.add(row, where)
    return read


def _confirmations(
    connection: Connection, warehouse_id: str, sheet: ReturnSheet, said_by: str, at: datetime
) -> Iterator[Confirmation]:
    found: dict[str, list[str]] = {}
    names = sorted({*sheet.returns, *map(half_width, sheet.returns)})
    given = {"names": names, "warehouse_id": warehouse_id}
    for row in connection.execute(statement("core/returns_named"), given):
        found.setdefault(row.name, []).append(row.return_id)
    together: dict[str, Confirmation] = {}
    for name, pieces in sheet.returns.items():
        returns = found.get(name) or found.get(half_width(name), [])
        if len(returns) > 1:
            sheet.problems.append(
                f"{name}: 有几张退货单,请写售后单号 / several returns: {', '.join(returns)}"
            )
            continue
        return_id = returns[0] if returns else None
        # One that is named in two ways, by its after-sale and by its order, is one.
        first = together.get(return_id or name)
        inside = Counter(first.pieces if first else {}) + Counter(pieces)
        said = Confirmation(first.subject if first else name, return_id, said_by, inside, at, is_total=False)
        together[return_id or name] = said
    yield from together.values()
