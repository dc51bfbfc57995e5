"""Takes the sheets in which a warehouse without a WMS says what it sent: order, carrier, tracking number.

The manifest's own shipping list, with two columns added, is such a sheet. The checks are those of a WMS's
parcels. Of a merged parcel one row says it all, or one for each order.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import Parcel, is_number, plain_number
from orderhub.fulfillment.dropped_sheets import MOST_PROBLEMS, Headers, half_width, named_rows, pieces_in
from orderhub.fulfillment.shipments import Recorded, Report, record_reports
from orderhub.platforms.spreadsheet.sheet import is_lossy, plain_id

_HEADERS: Headers = {
    "document": (
        "发货单号",
        "fulfillment order",
        "平台订单号",
        "订单编号",
        "订单号",
        "platform order",
        "order number",
    ),
    "carrier": ("快递公司", "物流公司", "承运商", "快递", "carrier"),
    "number": ("运单号", "快递单号", "物流单号", "waybill", "tracking number"),
    "sku": ("商品编码", "sku"),
    "quantity": ("数量", "quantity"),
}

_DIGIT_OR_LETTER = re.compile("[0-9A-Za-z]", re.ASCII)
#: What programs make of a column of numbers in which a cell is empty.
_WHOLE = re.compile(r"\A([0-9]{1,15})\.0+\Z")


@dataclass
class TrackingSheet:
    """What one sheet says: name → tracking number → (carrier, SKU → pieces); rows nobody can take."""

    parcels: dict[str, dict[str, tuple[str, dict[str, int]]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, row: Mapping[str, str], where: str) -> None:
        """Take one row; one without a tracking number, or with a mark for none, says that nothing left."""
        name, number = plain_id(row["document"]), plain_number(plain_id(row["number"]))
        if not _DIGIT_OR_LETTER.search(number):
            return
        number = _WHOLE.sub(r"\1", number)
        if not name or not name.isprintable() or is_lossy(name) or is_lossy(number):
            self.problems.append(
                f"{where}: 单号为空,或被 Excel 变成了数字 / a number is missing, or Excel cut its digits"
            )
            return
        if not is_number(number):
            self.problems.append(
                f"{where}: 运单号一格只写一个号 / a cell holds one tracking number, nothing else"
            )
            return
        self._lay(name, number, row, where)

    def _lay(self, name: str, number: str, row: Mapping[str, str], where: str) -> None:
        sku = half_width(plain_id(row.get("sku", "")))
        # Without a quantity column a parcel holds the whole document.
        is_by_sku = "quantity" in row and bool(sku)
        pieces = pieces_in(row["quantity"]) if is_by_sku else 0
        if pieces is None:
            self.problems.append(f"{where}: 数量不是整数 / the quantity is not a whole number")
            return
        _, inside = self.parcels.setdefault(name, {}).setdefault(number, (half_width(row["carrier"]), {}))
        if is_by_sku:
            inside[sku] = inside.get(sku, 0) + pieces


def take_tracking_sheet(
    database: Database, clock: Clock, warehouse_id: str, file: Path
) -> tuple[Recorded, list[str]]:
    """Record a sheet's parcels, as of when it was saved; return what changed, and rows not taken.

    Raises:
        FileRejected: it cannot be read as a sheet, or lacks a column.
        LeaseTaken: somebody else records for this warehouse now.
    """
    sheet = _read(file)
    shipped_at = min(datetime.fromtimestamp(file.stat().st_mtime, UTC), clock.now())
    with hold_scope(database, f"wms:{warehouse_id}") as lease, database.transaction(lease) as connection:
        reports = list(_reports(connection, warehouse_id, sheet, shipped_at))
        recorded = record_reports(connection, clock, warehouse_id, reports, "file")
    return recorded, sheet.problems[:MOST_PROBLEMS]


def _read(file: Path) -> TrackingSheet:
    read = TrackingSheet()
    for row, where in named_rows(file, _HEADERS, ("document", "carrier", "number"), read.problems):
        read.add(row, where)
    return read


def _reports(
    connection: Connection, warehouse_id: str, sheet: TrackingSheet, shipped_at: datetime
) -> Iterator[Report]:
    found: dict[str, list[Row[Any]]] = {}
    parts = {part for name in sheet.parcels for part in _parts(name)}
    names = sorted(parts | {half_width(part) for part in parts})
    given = {"names": names, "warehouse_id": warehouse_id}
    for row in connection.execute(statement("core/documents_named"), given):
        if row.is_standing or row.name not in found:
            found.setdefault(row.name, []).append(row)
    named = {row.fulfillment_order_id for rows in found.values() for row in rows}
    for name, parcels in sheet.parcels.items():
        meant = [found.get(part) or found.get(half_width(part), []) for part in _parts(name)]
        several = [row.fulfillment_order_id for rows in meant if len(rows) > 1 for row in rows]
        if several:
            sheet.problems.append(
                f"{name}: 有几张发货单,请写发货单号 / several documents: {', '.join(several)}"
            )
            continue
        is_whole = not any(pieces for _, pieces in parcels.values())
        documents = _documents([row for rows in meant for row in rows], named, is_whole=is_whole)
        yield Report(
            name,
            documents[0] if all(meant) else None,
            tuple(
                Parcel(number, carrier, shipped_at, pieces or None)
                for number, (carrier, pieces) in parcels.items()
            ),
            others=tuple(documents[1:]) if all(meant) else (),
        )


def _parts(name: str) -> list[str]:
    return [part.strip() for part in re.split("[,，、]", name)]


def _documents(meant: Sequence[Row[Any]], named: Collection[str], *, is_whole: bool) -> list[str]:
    """Return the documents that a row speaks of, with those of its parcel that the sheet does not name.

    A row that says how many pieces of which SKU speaks of its own document alone.
    """
    own = [row.fulfillment_order_id for row in meant]
    if not is_whole:
        return own
    return own + [other for row in meant for other in row.merged_with if other not in named]
