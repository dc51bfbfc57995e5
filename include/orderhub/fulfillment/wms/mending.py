"""What a person does about a WMS: hand a refused document over again, close a doubt about parcels."""

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.errors import StopError

_REOPEN = text("""
    update core.delivery_orders set state = 'pending', answer = null
    where state = 'refused' and delivery_order_code in (
        select delivery_order_code from core.delivery_orders where fulfillment_order_id = :subject)
    returning warehouse_id, manifest_id, chunk""")
_TIMES = text("select count(*) from ops.outbox where starts_with(outbox_id, :prefix)")
_SETTLE = text("""
    update core.shipment_doubts set resolved_at = :now where subject = :subject and resolved_at is null""")


def resend(database: Database, clock: Clock, fulfillment_order_id: str, actor: str) -> None:
    """Hand a refused document over again, under the code it always had.

    Raises:
        StopError: the WMS has not refused it.
        LeaseTaken: somebody else writes delivery orders; ask again.
    """
    with hold_scope(database, "wms_mending") as lease, database.transaction(lease) as connection:
        row = connection.execute(_REOPEN, {"subject": fulfillment_order_id}).first()
        if row is None:
            raise StopError(f"{fulfillment_order_id} is not refused by a WMS; see core.delivery_orders")
        prefix = f"wms:create:{row.manifest_id}:{row.chunk}"
        times: int = connection.execute(_TIMES, {"prefix": f"{prefix}:"}).scalar_one()
        payload = {"do": "create", "warehouse_id": row.warehouse_id}
        payload |= {"manifest_id": row.manifest_id, "chunk": row.chunk}
        subject = f"{row.manifest_id}:{row.chunk}"
        effect = Effect(f"{prefix}:{times + 1}", f"wms:{row.warehouse_id}", subject, payload)
        enqueue(connection, [effect], clock)
        record_act(connection, clock, actor, "resend", "delivery_order", fulfillment_order_id)


def settle_doubts(database: Database, clock: Clock, subject: str, actor: str, reason: str) -> int:
    """Close the doubts about a delivery order, and return how many.

    Raises:
        StopError: there is none.
    """
    given = {"subject": subject, "now": clock.now()}
    with hold_scope(database, "wms_mending") as lease, database.transaction(lease) as connection:
        settled = connection.execute(_SETTLE, given).rowcount
        if not settled:
            raise StopError(f"nothing is doubtful about {subject}; see core.shipment_doubts")
        record_act(connection, clock, actor, "settle", "delivery_order", subject, detail={"reason": reason})
    return settled
