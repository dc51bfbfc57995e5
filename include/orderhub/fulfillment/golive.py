"""Orders that were open when their shop went live: a person says which of them the hub ships.

The list itself is the view `mart.orders_to_confirm`.
"""

from collections.abc import Sequence

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import StopError

_WAITING = text("""
    select order_id from core.orders
    where order_id = any(:order_ids) and lifecycle = 'to_confirm'
    order by order_id for update""")
#: Forgetting the check makes the next transform pass judge the order as a live one before it can ship.
_CONFIRM = text("""
    update core.orders set lifecycle = 'live', confirmed_at = :now, checked_version = null
    where order_id = any(:order_ids)""")


def confirm(database: Database, clock: Clock, order_ids: Sequence[str], actor: str) -> int:
    """Make orders that were open at go-live ours to ship, and return how many.

    Raises:
        StopError: an id is not on the list; nothing was confirmed.
        LeaseTaken: a transform pass is writing orders; ask again.
    """
    wanted = sorted(set(order_ids))
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        waiting = set(connection.execute(_WAITING, {"order_ids": wanted}).scalars())
        missing = [order_id for order_id in wanted if order_id not in waiting]
        if missing:
            others = f", nor are {len(missing) - 1} more" if len(missing) > 1 else ""
            raise StopError(
                f"order {missing[0]}: is not waiting for confirmation{others}; "
                "mart.orders_to_confirm lists those that are; nothing was confirmed"
            )
        connection.execute(_CONFIRM, {"order_ids": wanted, "now": clock.now()})
        record_act(connection, clock, actor, "confirm", "order", *wanted)
    return len(wanted)
