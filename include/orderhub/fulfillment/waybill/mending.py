"""What a person does about a label that was never taken back: says that it is void, or was used."""

from typing import Literal

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import StopError
from orderhub.fulfillment.waybill.settle import NO_PRINT
from orderhub.quality.reasons import refuse_reason

_LABEL = text("""
    select carrier_id, state, object_id from core.waybills where fulfillment_order_id = :document""")
_SETTLE = text("""
    update core.waybills set
        state = :state,
        voided_at = case when :state = 'void' then cast(:now as timestamptz) end
    where fulfillment_order_id = :document and state = 'void_requested'""")


def settle_label(
    database: Database,
    clock: Clock,
    fulfillment_order_id: str,
    state: Literal["void", "used"],
    actor: str,
    reason: str,
) -> None:
    """End the label of a document that was cancelled; its service is not asked any more.

    Args:
        database: the hub's database.
        clock: stamps the act.
        fulfillment_order_id: the document that the label was asked for.
        state: void, in the carrier's own system; or used, and the carrier counts it.
        actor: who says so.
        reason: why; kept.

    Raises:
        StopError: no reason; it has no label, or none that is to be taken back.
        LeaseTaken: its service is being asked just now; do it again.
    """
    refuse_reason(f"{fulfillment_order_id}: the end of its label", reason)
    named = {"document": fulfillment_order_id}
    with database.read() as connection:
        label = connection.execute(_LABEL, named).one_or_none()
    if label is None:
        raise StopError(f"{fulfillment_order_id}: no label was asked for; see ./hub waybill list")
    scope = f"waybill:{label.carrier_id}"
    with hold_scope(database, scope) as lease, database.transaction(lease) as connection:
        given = {**named, "state": state, "now": clock.now()}
        if not connection.execute(_SETTLE, given).rowcount:
            now = connection.execute(_LABEL, named).one().state
            raise StopError(
                f"the label of {fulfillment_order_id} is {now}; only one that is to be taken back "
                "(void_requested) is settled by people"
            )
        connection.execute(NO_PRINT, {"object_id": label.object_id})
        detail = {"state": state, "reason": reason}
        record_act(connection, clock, actor, "settle", "waybill", fulfillment_order_id, detail=detail)
