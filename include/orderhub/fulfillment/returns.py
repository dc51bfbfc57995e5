"""Announces what buyers send back, and records what warehouses say has come: stock again only when sellable.

The same confirmation again changes nothing. A return that nobody announced is a doubt and no stock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.copy import copy_rows
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import Doubt
from orderhub.domain.returns import Grade, Graded, explain_return
from orderhub.fulfillment.shipments import write_doubts

_CONFIRMED = text("""
    create temporary table confirmed_lines (
        return_id text collate "C", confirmation_id text collate "C", warehouse_id text collate "C",
        sku_id text collate "C", grade text, quantity bigint, confirmed_at timestamptz
    ) on commit drop""")
_OLD = text("drop table if exists confirmed_lines")
_COLUMNS = (
    "return_id", "confirmation_id", "warehouse_id", "sku_id", "grade", "quantity", "confirmed_at"
)  # fmt: skip


@dataclass(frozen=True)
class Confirmation:
    """What a warehouse says of one return.

    Attributes:
        subject: the return as the warehouse named it, for people.
        return_id: ours; None where nobody announced it.
        confirmation_id: the same again is the same; empty where the total names it.
        pieces: what has come.
        confirmed_at: by the warehouse's clock.
        is_total: all that has come so far, not only what came now.
        unreadable: SKU → what stands where its pieces belong and nobody can read.
    """

    subject: str
    return_id: str | None
    confirmation_id: str
    pieces: Graded
    confirmed_at: datetime
    is_total: bool
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Returned:
    """What confirmations changed, in pieces; new doubts."""

    sellable: int
    defect: int
    doubts: int


def announce_returns(connection: Connection, clock: Clock, config: MerchantConfig) -> int:
    """Write a return for every after-sale whose goods left and come back; return how many are told.

    A plan that changed is told again, under an id of its own.
    """
    told = [warehouse.id for warehouse in config.warehouses if warehouse.wms is not None]
    connection.execute(statement("core/planned_returns"))
    rows = connection.execute(statement("core/returns"), {"told": told, "now": clock.now()}).all()
    changed_at = clock.now().isoformat()
    effects = [
        Effect(
            outbox_id=f"wms:return:{row.return_order_code}" + (f":{changed_at}" if row.is_changed else ""),
            target=f"wms:{row.warehouse_id}",
            subject=row.return_order_code,
            payload={
                "do": "return",
                "warehouse_id": row.warehouse_id,
                "code": row.return_order_code,
                "is_changed": row.is_changed,
            },
        )
        for row in rows
        if row.warehouse_id in told
    ]
    return enqueue(connection, effects, clock)


def record_returns(
    connection: Connection,
    clock: Clock,
    warehouse_id: str,
    confirmations: Sequence[Confirmation],
    source: Literal["wms", "file"],
) -> Returned:
    """Record `confirmations` in the caller's transaction; each sellable piece becomes stock once."""
    named = sorted({each.return_id for each in confirmations if each.return_id})
    known = _known(connection, named)
    doubts, lines = 0, list[tuple[str, str, str, str, str, int, str]]()
    for each in confirmations:
        odd = [Doubt("unreadable_quantity", sku, {"reported": said}) for sku, said in each.unreadable.items()]
        doubts += write_doubts(connection, clock, warehouse_id, each.subject, odd)
        if each.return_id is None:
            unannounced = [Doubt("unannounced_return", "-", _figures(each.pieces))] if each.pieces else []
            doubts += write_doubts(connection, clock, warehouse_id, each.subject, unannounced)
            continue
        so_far = known[each.return_id]
        if each.confirmation_id in so_far.confirmations:
            continue
        explained = explain_return(so_far.planned, so_far.pieces, each.pieces, is_total=each.is_total)
        doubts += write_doubts(connection, clock, warehouse_id, each.subject, explained.doubts)
        for (sku, grade), pieces in explained.taken.items():
            so_far.pieces[sku, grade] = total = so_far.pieces.get((sku, grade), 0) + pieces
            said_by = each.confirmation_id or f"total:{total}"
            # By now it has come, whatever a warehouse's clock says: every count until then would add it.
            at = min(each.confirmed_at, clock.now()).isoformat()
            lines.append((each.return_id, said_by, warehouse_id, sku, grade, pieces, at))
    return _write(connection, clock, lines, named, source, doubts)


@dataclass(frozen=True)
class _SoFar:
    """What is known of a return: pieces that may come, pieces that came, confirmations that said so."""

    planned: Mapping[str, int]
    pieces: dict[tuple[str, Grade], int]
    confirmations: set[str]


def _known(connection: Connection, returns: list[str]) -> dict[str, _SoFar]:
    known: dict[str, _SoFar] = {}
    for row in connection.execute(statement("core/known_returns"), {"returns": returns}):
        so_far = known.setdefault(row.return_id, _SoFar(row.planned, {}, set()))
        if row.grade:
            so_far.pieces[row.sku_id, row.grade] = row.quantity
        so_far.confirmations.update(row.confirmations)
    return known


def _write(
    connection: Connection,
    clock: Clock,
    lines: Iterable[tuple[str, str, str, str, str, int, str]],
    returns: list[str],
    source: str,
    doubts: int,
) -> Returned:
    stamp = {"now": clock.now()}
    connection.execute(_OLD)
    connection.execute(_CONFIRMED)
    copy_rows(connection, "confirmed_lines", _COLUMNS, lines)
    connection.execute(statement("core/stock_of_returns"))
    connection.execute(statement("core/lock_stock_of_returns"))
    rows = connection.execute(statement("core/return_lines"), {**stamp, "source": source})
    written = {row.grade: row.pieces for row in rows}
    connection.execute(statement("core/received_returns"), {**stamp, "returns": returns})
    return Returned(written.get("sellable", 0), written.get("defect", 0), doubts)


def _figures(pieces: Graded) -> dict[str, int | str]:
    return {f"{sku} {grade}": quantity for (sku, grade), quantity in sorted(pieces.items())}
