"""What a person does about a WMS: hand a refused document over again, close a doubt about parcels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.errors import StopError
from orderhub.fulfillment.wms.short import EndedRest, Rest, end_rest, short_lines
from orderhub.quality.reasons import refuse_reason

_REOPEN = text("""
    update core.delivery_orders set state = 'pending', answer = null, wms_order_id = null
    where state = 'refused' and delivery_order_code in (
        select delivery_order_code from core.delivery_orders where fulfillment_order_id = :subject)
    returning warehouse_id, manifest_id, chunk""")
_REOPEN_RETURN = text("""
    update core.returns set state = 'announced', answer = null
    where return_order_code = :subject and state = 'refused' returning warehouse_id""")
_TIMES = text("select count(*) from ops.outbox where starts_with(outbox_id, :prefix)")
_SETTLE = text("""
    update core.shipment_doubts set resolved_at = :now where subject = :subject and resolved_at is null
    returning reason""")
#: Whoever routes makes replacements, whoever transforms judges orders again: one of them at a time.
_SCOPES = {None: "wms_mending", Rest.SHIP: "route", Rest.CANCEL: "transform"}


@dataclass(frozen=True)
class Settled(EndedRest):
    """What settling closed, and what became of a rest that was promised; `doubts` are those closed."""

    doubts: int


def resend(database: Database, clock: Clock, refused: str, actor: str) -> None:
    """Hand a refused document, or the code of a refused return, over again, under the code it always had.

    Raises:
        StopError: the WMS has not refused it.
        LeaseTaken: somebody else writes delivery orders; ask again.
    """
    with hold_scope(database, "wms_mending") as lease, database.transaction(lease) as connection:
        effect = _document(connection, refused) or _return(connection, refused)
        if effect is None:
            raise StopError(f"{refused} is not refused by a WMS; see core.delivery_orders, core.returns")
        enqueue(connection, [effect], clock)
        record_act(connection, clock, actor, "resend", "delivery_order", refused)


def _document(connection: Connection, fulfillment_order_id: str) -> Effect | None:
    row = connection.execute(_REOPEN, {"subject": fulfillment_order_id}).first()
    if row is None:
        return None
    subject = f"{row.manifest_id}:{row.chunk}"
    payload = {"do": "create", "warehouse_id": row.warehouse_id}
    payload |= {"manifest_id": row.manifest_id, "chunk": row.chunk}
    outbox_id = _next_id(connection, f"wms:create:{subject}:")
    return Effect(outbox_id, f"wms:{row.warehouse_id}", subject, payload)


def _return(connection: Connection, code: str) -> Effect | None:
    row = connection.execute(_REOPEN_RETURN, {"subject": code}).one_or_none()
    if row is None:
        return None
    payload = {"do": "return", "warehouse_id": row.warehouse_id, "code": code, "is_changed": False}
    return Effect(_next_id(connection, f"wms:return:{code}:"), f"wms:{row.warehouse_id}", code, payload)


def _next_id(connection: Connection, prefix: str) -> str:
    times: int = connection.execute(_TIMES, {"prefix": prefix}).scalar_one()
    return f"{prefix}{times + 1}"


def settle_doubts(
    database: Database, clock: Clock, subject: str, actor: str, reason: str, rest: Rest | None = None
) -> Settled:
    """Close the doubts about a delivery order; of one sent short, end the rest.

    Raises:
        StopError: no reason that can be kept; there is none; or pieces are still promised and nobody says
            what becomes of them.
        LeaseTaken: somebody else works on orders; ask again.
    """
    refuse_reason(f"delivery order {subject}: settling it", reason)
    who = {"now": clock.now(), "actor": actor, "reason": reason}
    with hold_scope(database, _SCOPES[rest]) as lease, database.transaction(lease) as connection:
        reasons = connection.execute(_SETTLE, {"subject": subject, "now": clock.now()}).scalars().all()
        if not reasons:
            raise StopError(f"nothing is doubtful about {subject}; see core.shipment_doubts")
        ended = EndedRest(0, (), (), ())
        if "short_shipped" in reasons:
            ended = _end(connection, clock, subject, rest, who)
        detail = {"reason": reason, "rest": rest}
        record_act(connection, clock, actor, "settle", "delivery_order", subject, detail=detail)
    return Settled(**vars(ended), doubts=len(reasons))


def _end(
    connection: Connection, clock: Clock, subject: str, rest: Rest | None, who: Mapping[str, Any]
) -> EndedRest:
    lines = short_lines(connection, subject)
    if lines and rest is None:
        missing = ", ".join(f"{line.sku_id}×{line.quantity - line.pieces}" for line in lines)
        raise StopError(f"{subject}: {missing} are still promised; say --rest ship, or --rest cancel")
    return end_rest(connection, clock, lines, rest, who) if rest else EndedRest(0, (), (), ())
