"""Promises stock to the decisions of a pass: guarded updates, one row per warehouse and SKU."""

from datetime import datetime

from sqlalchemy import Connection, text

from orderhub.db.document_locks import DOCUMENTS_FIRST
from orderhub.db.sql_files import statement
from orderhub.errors import StockTaken

_WANTED_COUNT = text("select count(*) from wanted_stock")


def reserve(connection: Connection, *, pass_id: int, config_version: str, now: datetime) -> None:
    """Write documents, reservations and decisions of the temporary table `decisions`.

    Raises:
        StockTaken: somebody took pieces in between; nothing may be kept, roll back and decide again.
    """
    connection.execute(DOCUMENTS_FIRST)
    connection.execute(statement("core/wanted_stock"))
    take_stock(connection)
    stamp = {"pass_id": pass_id, "config_version": config_version, "now": now}
    connection.execute(statement("core/fulfillment_orders"), stamp)
    connection.execute(statement("core/reservations"), {"pass_id": pass_id, "now": now})
    connection.execute(statement("core/routing_decisions"), stamp)


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
