"""Promises stock to the decisions of a pass: guarded updates, one row per warehouse and SKU."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from orderhub.db.document_locks import DOCUMENTS_FIRST
from orderhub.db.sql_files import statement
from orderhub.errors import StockTaken

_WANTED_COUNT = text("select count(*) from wanted_stock")


def reserve(connection: Connection, now: datetime, *, stamp: Mapping[str, Any]) -> None:
    """Write the documents and reservations of the temporary tables `routed_documents` and `routed_lines`.

    Args:
        connection: the transaction of the pass.
        now: when the pieces are promised.
        stamp: pass_id and config_version of the rows.

    Raises:
        StockTaken: somebody took pieces in between; nothing may be kept, roll back and decide again.
    """
    connection.execute(DOCUMENTS_FIRST)
    connection.execute(statement("core/wanted_stock"))
    take_stock(connection)
    connection.execute(statement("core/fulfillment_orders"), {**stamp, "now": now})
    connection.execute(statement("core/reservations"), {"now": now})


def take_stock(connection: Connection) -> None:
    """Add the pieces of the temporary table `wanted_stock` to what is reserved.

    Rows are locked in one order, so that two workers wait for each other instead of deadlocking.

    Raises:
        StockTaken: a row could not give what was wanted; the caller rolls back.
    """
    connection.execute(statement("core/lock_wanted_stock"))
    wanted: int = connection.execute(_WANTED_COUNT).scalar_one()
    taken = connection.execute(statement("core/reserve_stock")).rowcount
    if taken != wanted:
        raise StockTaken(
            f"stock: {wanted - taken} of {wanted} (warehouse, SKU) rows hold less than was decided"
        )
