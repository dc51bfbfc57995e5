"""Splits orders that no warehouse can ship whole between two, where their rule and their platform let it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.db.copy import copy_rows
from orderhub.db.sql_files import statement
from orderhub.domain.splitting import Unit
from orderhub.fulfillment.decided import Decided
from orderhub.fulfillment.desk import Desk
from orderhub.platforms.spec import load_platform

_SPLIT_LINES = text("""
    create temporary table split_lines (
        order_id text collate "C" not null, line_id text collate "C" not null, part smallint not null,
        primary key (order_id, line_id)
    ) on commit drop""")
_LINE_COLUMNS = ("order_id", "line_id", "part")


def split_short(connection: Connection, desk: Desk, decided: Decided, no_split: Sequence[str]) -> None:
    """Fill the temporary table `split_lines`, and keep two decisions about each order that is split.

    An order with goods of a tag in `no_split` is not.
    """
    connection.execute(_SPLIT_LINES)
    waiting = desk.splittable()
    dividing = {name for name in {order.facts.platform for order in waiting} if _takes_parcels(name)}
    orders = [order.order_id for order in waiting if order.facts.platform in dividing]
    if not orders:
        return
    rows = connection.execute(
        statement("core/split_units"), {"orders": orders, "no_split": list(no_split)}
    ).all()
    desk.kept_by |= {row.order_id: row.kept_by for row in rows if row.kept_by}
    parts = list(desk.split(_units(row for row in rows if not row.kept_by)))
    decided.keep(row for row, _ in parts)
    lines = [(row[0], line_id, row[-1]) for row, part in parts for line_id in part.line_ids]
    copy_rows(connection, "split_lines", _LINE_COLUMNS, lines)
    connection.execute(text("analyze split_lines"))


def _takes_parcels(platform: str) -> bool:
    """Return whether one order of a platform may leave in several parcels."""
    return load_platform(platform).spec.downstream.parcels != "one"


def _units(rows: Iterable[Row[Any]]) -> dict[str, list[Unit]]:
    return {
        order_id: [_unit(list(lines)) for _, lines in groupby(of_order, key=attrgetter("unit_id"))]
        for order_id, of_order in groupby(rows, key=attrgetter("order_id"))
    }


def _unit(lines: list[Row[Any]]) -> Unit:
    needs: Counter[str] = Counter()
    for line in lines:
        needs[line.sku_id] += line.quantity
    return Unit(tuple(line.line_id for line in lines), needs, sum(line.paid_fen for line in lines))
