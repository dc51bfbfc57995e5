"""What a person does about numbers that a platform has not taken: look, settle, let them be told again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import StopError
from orderhub.quality.reasons import refuse_reason

_OPEN = text("""
    select w.shipment_id, o.platform_order_id, s.carrier_code, s.tracking_number, w.state, w.reason, w.answer,
        w.recorded_at
    from core.tracking_writes as w
    join core.shipments as s using (shipment_id)
    join core.orders as o on o.order_id = w.order_id
    where w.state not in ('told', 'settled') and (cast(:shop as text) is null or w.shop_id = :shop)
    order by w.recorded_at, w.shipment_id, w.order_id limit 1000""")
_SETTLE = text("""
    update core.tracking_writes set state = 'settled', ended_at = :now
    where shipment_id = :shipment_id and state not in ('told', 'settled')""")
_RESEND = text("""
    update core.tracking_writes set state = 'waiting', reason = null, ended_at = null
    where shipment_id = :shipment_id and state in ('refused', 'by_hand', 'noted', 'waiting')
    returning order_id""")
#: As one whose answer was lost: the platform is asked before it is told.
_AGAIN = text("""
    update ops.outbox set state = 'unknown', not_before = null, sent_at = null
    where outbox_id = :outbox_id and state <> 'claimed'""")


def open_writes(database: Database, shop_id: str | None) -> Sequence[Row[Any]]:
    """Return the numbers that platforms do not have, the oldest first, a thousand at most."""
    with database.read() as connection:
        return connection.execute(_OPEN, {"shop": shop_id}).all()


def settle_write(database: Database, clock: Clock, shipment_id: str, actor: str, reason: str) -> int:
    """Note that a person dealt with a parcel's number, and return for how many orders.

    Raises:
        StopError: no reason that can be kept, or nothing of it is open.
    """
    refuse_reason(f"parcel {shipment_id}: settling it", reason)
    given = {"shipment_id": shipment_id, "now": clock.now()}
    with hold_scope(database, "tracking_mending") as lease, database.transaction(lease) as connection:
        settled = connection.execute(_SETTLE, given).rowcount
        if not settled:
            raise StopError(f"no number of parcel {shipment_id} is open; see ./hub tracking list")
        record_act(connection, clock, actor, "settle", "shipment", shipment_id, detail={"reason": reason})
    return settled


def resend_write(database: Database, clock: Clock, shipment_id: str, actor: str) -> int:
    """Let a parcel's number be told again under the id it has, and return for how many orders.

    Raises:
        StopError: nothing of it is open.
    """
    with hold_scope(database, "tracking_mending") as lease, database.transaction(lease) as connection:
        orders = connection.execute(_RESEND, {"shipment_id": shipment_id}).scalars().all()
        if not orders:
            raise StopError(f"no number of parcel {shipment_id} is open; see ./hub tracking list")
        connection.execute(
            _AGAIN, [{"outbox_id": f"tracking:{shipment_id}:{order_id}"} for order_id in orders]
        )
        record_act(connection, clock, actor, "resend", "shipment", shipment_id)
    return len(orders)
