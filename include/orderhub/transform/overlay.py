"""Lays what people corrected over what platforms say, so that no pull washes it away.

Around a merge, the orders it touches show the platform's own values; after it, the corrections are laid
on again and what the platform says is noted beside them.
Not for making corrections (`orderhub.quality.correct`).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from orderhub.db.sql_files import statement

_TOUCHED = text("""
    select correction_id from core.corrections
    where state = 'active' and is_applied and order_id in (select order_id from incoming_versions)
    order by correction_id for update""")
_WAITING = text("""
    select correction_id from core.corrections where state = 'active' and not is_applied
    order by correction_id for update""")
#: Of lines that are about to be mapped again: the mapping is of what the platform says.
_OF_REMAPPED = text("""
    select c.correction_id from core.corrections as c
    join core.order_lines as l using (order_id, line_id)
    where c.state = 'active' and c.is_applied and c.field = 'quantity' and (:is_all or l.sku_id is null)
    order by c.correction_id for update of c""")
_MARK = text("""
    update core.corrections set is_applied = :is_applied where correction_id = any(cast(:ids as bigint[]))""")


def lift_touched(connection: Connection) -> None:
    """Show the platform's own values for the orders of `incoming_versions`."""
    lift(connection, connection.execute(_TOUCHED).scalars().all())


def lift_remapped(connection: Connection, *, is_all: bool) -> None:
    """Show the platform's own quantities of lines without a SKU, or of all that new files may map again."""
    lift(connection, connection.execute(_OF_REMAPPED, {"is_all": is_all}).scalars().all())


def lift(connection: Connection, ids: Sequence[int]) -> None:
    """Show the platform's own values where these corrections lie."""
    if ids:
        connection.execute(statement("core/lift_addresses"), {"ids": ids})
        connection.execute(statement("core/lift_amounts"), {"ids": ids})
        connection.execute(statement("core/lift_lines"), {"ids": ids})
        connection.execute(_MARK, {"ids": ids, "is_applied": False})


def read_platform(connection: Connection, ids: Sequence[int]) -> None:
    """Note beside these corrections, which do not lie on their rows, what the platform says."""
    connection.execute(statement("core/read_corrected_fields"), {"ids": ids})


def lay(connection: Connection, now: datetime) -> int:
    """Lay all corrections that wait for it, and return how many; what the platform says too is settled.

    A quantity of what has become a bundle since is laid on its parts.
    """
    ids = list(connection.execute(_WAITING).scalars())
    if ids:
        read_platform(connection, ids)
        connection.execute(statement("core/settle_corrections"), {"ids": ids, "now": now})
        split = connection.execute(statement("core/split_corrections"), {"ids": ids, "now": now})
        of_parts = list(split.scalars())
        read_platform(connection, of_parts)
        ids += of_parts
        connection.execute(statement("core/lay_addresses"), {"ids": ids})
        connection.execute(statement("core/lay_amounts"), {"ids": ids})
        connection.execute(statement("core/lay_lines"), {"ids": ids})
        connection.execute(_MARK, {"ids": ids, "is_applied": True})
    return len(ids)
