"""What a person does about a WMS: hand a refused document over again, close a doubt about parcels."""

import json

from sqlalchemy import text

from orderhub.clock import Clock
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
_AUDIT = text("""
    insert into ops.audit (recorded_at, actor, action, subject_type, subject_id, detail)
    values (:now, :actor, :action, 'delivery_order', :subject, cast(:detail as jsonb))""")


def resend(database: Database, clock: Clock, fulfillment_order_id: str, actor: str) -> None:
    """Hand a refused document over again, under the code it always had.

    Raises:
        StopError: the WMS has not refused it.
        LeaseTaken: somebody else writes delivery orders; ask again.
    """
    given = {"subject": fulfillment_order_id, "now": clock.now(), "actor": actor, "action": "resend"}
    with hold_scope(database, "wms_mending") as lease, database.transaction(lease) as connection:
        row = connection.execute(_REOPEN, given).first()
        if row is None:
            raise StopError(f"{fulfillment_order_id} is not refused by a WMS; see core.delivery_orders")
        prefix = f"wms:create:{row.manifest_id}:{row.chunk}"
        times: int = connection.execute(_TIMES, {"prefix": f"{prefix}:"}).scalar_one()
        payload = {"do": "create", "warehouse_id": row.warehouse_id}
        payload |= {"manifest_id": row.manifest_id, "chunk": row.chunk}
        subject = f"{row.manifest_id}:{row.chunk}"
        effect = Effect(f"{prefix}:{times + 1}", f"wms:{row.warehouse_id}", subject, payload)
        enqueue(connection, [effect], clock)
        connection.execute(_AUDIT, {**given, "detail": "{}"})


def settle_doubts(database: Database, clock: Clock, subject: str, actor: str, reason: str) -> int:
    """Close the doubts about a delivery order, and return how many.

    Raises:
        StopError: there is none.
    """
    given = {"subject": subject, "now": clock.now(), "actor": actor, "action": "settle"}
    with hold_scope(database, "wms_mending") as lease, database.transaction(lease) as connection:
        settled = connection.execute(_SETTLE, given).rowcount
        if not settled:
            raise StopError(f"nothing is doubtful about {subject}; see core.shipment_doubts")
        connection.execute(_AUDIT, {**given, "detail": json.dumps({"reason": reason}, ensure_ascii=False)})
    return settled
