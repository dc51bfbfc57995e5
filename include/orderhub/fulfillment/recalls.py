"""Calls back what a warehouse holds and must not send any more: asks its WMS, or people where it has none.

Not for what no manifest has: that is withdrawn. Nothing of such an order is routed anew before the warehouse
has agreed, so that one line never stands in two documents.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import load_active
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.errors import StopError
from orderhub.fulfillment.owed import note_other_amounts
from orderhub.fulfillment.readiness import read_readiness
from orderhub.fulfillment.touched import Look
from orderhub.fulfillment.withdraw import free_withdrawals
from orderhub.quality.reasons import refuse_reason

#: What a warehouse got in files and did not report within this has left, or is found by people.
FILES_WITHIN = timedelta(days=7)
_OPEN = text("""
    select exists (
        select from core.delivery_orders where state in ('pending', 'accepted', 'refused')
            and (recall is null or recall = 'refused')
    ) or exists (
        select from core.fulfillment_orders
        where state = 'manifested' and not is_shadow and allocated_at > :promised_since)""")
_ORDERS_HANDED_OVER = text("""
    create temporary table asked_orders on commit drop as
    select distinct f.order_id
    from handed_over as d join core.fulfillment_orders as f using (fulfillment_order_id)""")
_END = text("""
    update core.hand_recalls as h set state = :said, ended_at = :now, ended_by = :actor
    where fulfillment_order_id = :document and state = 'requested' and exists (
        select from core.fulfillment_orders as f
        where f.fulfillment_order_id = h.fulfillment_order_id and f.state = 'manifested')
    returning fulfillment_order_id, reason""")
#: Not asked for by the hub, of a document that no WMS of the configuration holds: a person knows that it
#: has not left and will not.
_GIVE_BACK = text("""
    insert into core.hand_recalls (
        fulfillment_order_id, warehouse_id, reason, state, requested_at, ended_at, ended_by)
    select fulfillment_order_id, warehouse_id, 'given_back', 'agreed', :now, :now, :actor
    from core.fulfillment_orders as f
    where fulfillment_order_id = :document and state = 'manifested' and not is_shadow and not exists (
        select from core.delivery_orders as d
        where d.fulfillment_order_id = f.fulfillment_order_id and d.warehouse_id = any(:told))
    on conflict (fulfillment_order_id) do update set
        reason = excluded.reason, state = excluded.state,
        ended_at = excluded.ended_at, ended_by = excluded.ended_by
        where hand_recalls.state = 'over'
    returning fulfillment_order_id, reason""")


def request_recalls(connection: Connection, clock: Clock, config: MerchantConfig, look: Look) -> int:
    """Call back documents that must not leave as they are, and return how many.

    A document is asked for once for each cause: refused for a new address, again when it is cancelled. One
    whose causes are over before it has left may leave, and nobody has to stop it any more.
    """
    since = clock.now() - FILES_WITHIN
    # What a list took so lately was promised no longer before than a promise lasts.
    promised_since = since - timedelta(days=config.reservation_days)
    given = {"since": since, "promised_since": promised_since, "now": clock.now()}
    is_open = not look.is_all or connection.execute(_OPEN, given).scalar_one()
    if is_open:
        note_other_amounts(connection)
        connection.execute(statement("core/handed_over" if look.is_all else "core/touched_documents"), given)
        connection.execute(text("analyze handed_over"))
        read_readiness(connection, _ORDERS_HANDED_OVER)
        connection.execute(statement("core/judged_documents"))
        connection.execute(statement("core/recalls_over"), given)
    _end_holds(connection, clock)
    if not is_open:
        return 0
    connection.execute(statement("core/stopped_documents"))
    by_hand = connection.execute(statement("core/hand_recalls"), given).rowcount
    rows = connection.execute(statement("core/recalls")).all()
    connection.execute(statement("core/recall_holds"), given)
    effects = [
        Effect(
            outbox_id=_recall_id(row),
            target=f"wms:{row.warehouse_id}",
            # Behind the call that creates it, while that is not settled; behind no other document's.
            subject=f"{row.manifest_id}:{row.chunk}" if row.state == "pending" else row.delivery_order_code,
            payload={"do": "cancel", "warehouse_id": row.warehouse_id, "code": row.delivery_order_code},
        )
        for row in rows
    ]
    return by_hand + enqueue(connection, effects, clock)


def take_back(connection: Connection, clock: Clock, recalled: Sequence[Row[Any]]) -> None:
    """End documents (fulfillment_order_id, reason) that their warehouse gave back; free what had not left.

    Args:
        connection: holds `LOCK_DOCUMENTS`.
        clock: stamps what ends.
        recalled: the documents.
    """
    documents, reasons = [row.fulfillment_order_id for row in recalled], [row.reason for row in recalled]
    given = {"documents": documents, "reasons": reasons, "now": clock.now()}
    connection.execute(statement("core/recalled_reservations"), given)
    free_withdrawals(connection, clock)
    connection.execute(statement("core/recalled_documents"), given)
    connection.execute(statement("core/partly_left"), given)
    _end_holds(connection, clock)


def _end_holds(connection: Connection, clock: Clock) -> None:
    """End the holds of documents whose recall is over."""
    connection.execute(statement("core/close_recall_holds"), {"now": clock.now()})


def _recall_id(row: Row[Any]) -> str:
    """Return the effect's id: another order of the parcel may be stopped later, or for another cause."""
    of_document = f":{row.fulfillment_order_id}" if row.is_merged else ""
    again = f":{row.question}" if row.question else ""
    return f"wms:cancel:{row.delivery_order_code}{of_document}{again}"


def end_hand_recall(
    database: Database,
    clock: Clock,
    fulfillment_order_id: str,
    said: Literal["agreed", "refused"],
    actor: str,
    reason: str,
) -> None:
    """Record what a warehouse without a WMS said; when it agreed, its stock is free and the rest routed anew.

    A warehouse may give back also what nobody asked for: what it lost, or never got to. So may one whose WMS
    left the configuration, which nobody can ask.

    Raises:
        StopError: no reason that can be kept; nobody asked for it back, somebody recorded it already, or all
            of it has left.
        LeaseTaken: somebody else routes now; ask again.
    """
    refuse_reason(f"{fulfillment_order_id}: what the warehouse said", reason)
    told = [each.id for each in load_active(database).warehouses if each.wms is not None]
    given = {"document": fulfillment_order_id, "said": said, "actor": actor, "now": clock.now(), "told": told}
    with hold_scope(database, "route") as lease, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        ended = connection.execute(_END, given).all()
        if not ended and said == "agreed":
            ended = connection.execute(_GIVE_BACK, given).all()
        if not ended:
            raise StopError(
                f"{fulfillment_order_id}: no recall of it is open, or it has left; see core.hand_recalls"
            )
        take_back(connection, clock, ended if said == "agreed" else [])
        detail = {"said": said, "reason": reason}
        record_act(
            connection, clock, actor, "recall", "fulfillment_order", fulfillment_order_id, detail=detail
        )
