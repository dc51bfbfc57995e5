"""Keeps what later versions changed of orders that were known: `core.order_changes`, written in the pass."""

from datetime import datetime

from sqlalchemy import Connection

from orderhub.db.sql_files import statement


def note_before(connection: Connection, pass_id: int) -> None:
    """Remember what core says of the orders that this pass is about to merge."""
    connection.execute(statement("core/orders_before"), {"pass_id": pass_id})


def write_changes(connection: Connection, now: datetime, pass_id: int) -> int:
    """Write one row per field that the merge changed, and return how many."""
    return connection.execute(statement("core/order_changes"), {"now": now, "pass_id": pass_id}).rowcount
