"""Ends a document of which its warehouse says nothing more: a person asked, and says if it left or stayed.

What a warehouse did not give back waits for its parcel to be reported. Where no report ever comes, somebody
calls: what left is posted as any parcel is, with its number or without; what stayed is given back as if the
warehouse had agreed to the recall. Not for the answer to an open recall: `orderhub.fulfillment.recalls`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import NO_NUMBER, Parcel, is_number
from orderhub.errors import StopError
from orderhub.fulfillment.recalls import take_back
from orderhub.fulfillment.shipments import Report, record_reports
from orderhub.quality.reasons import refuse_reason, refuse_unkept

_WAREHOUSE = text("""
    select f.warehouse_id from core.fulfillment_orders as f
    left join core.delivery_orders as d using (fulfillment_order_id)
    where f.fulfillment_order_id = :named or d.delivery_order_code = :named limit 1""")
_STAYED_AT_WMS = text("""
    update core.delivery_orders as d set recall = 'agreed'
    where fulfillment_order_id = any(:documents) and state in ('pending', 'accepted') and exists (
        select from core.delivery_orders as x
        where x.delivery_order_code = d.delivery_order_code and x.recall in ('requested', 'refused'))
    returning fulfillment_order_id, coalesce(recall_reason, 'parcel_recalled') as reason,
        delivery_order_code as code""")
_STAYED_BY_HAND = text("""
    update core.hand_recalls set state = 'agreed', ended_at = :now, ended_by = :actor
    where fulfillment_order_id = any(:documents) and state = 'refused'
    returning fulfillment_order_id, reason, null as code""")


@dataclass(frozen=True)
class Departure:
    """How a parcel left, as far as somebody knows.

    Attributes:
        carrier: any of your words for it; empty: nobody knows.
        number: of the waybill; empty: nobody knows, and a person tells the platform.
        left_at: None: by now. A count as of later does not hold its pieces any more.
    """

    carrier: str = ""
    number: str = ""
    left_at: datetime | None = None

    def parcel(self, now: datetime) -> Parcel:
        """Return the parcel, of all that had not left before.

        Raises:
            StopError: what stands for the number is none; or nobody says whose number it is.
        """
        if self.number and not is_number(self.number.upper()):
            raise StopError(
                f"{self.number[:80]!r} is no tracking number: letters, digits and hyphens, 60 at most; "
                "leave it out where nobody knows it"
            )
        if self.number and not self.carrier.strip():
            raise StopError(f"whose number is {self.number}? Say --carrier")
        carrier = self.carrier.strip() or NO_NUMBER
        return Parcel(self.number or NO_NUMBER, carrier, self.left_at or now)


@dataclass(frozen=True)
class Stayed:
    """What stayed.

    Attributes:
        documents: how many ended with that.
        codes: of the documents that still stand in the WMS: people there void them.
    """

    documents: int
    codes: tuple[str, ...]


def end_as_left(
    database: Database, clock: Clock, named: str, departure: Departure, actor: str, reason: str
) -> int:
    """Post what a warehouse sent and never reports; return how many documents have left whole with that.

    Args:
        database: the hub's database.
        clock: stamps the act.
        named: a document, or its code at the WMS. What was merged with it left with it.
        departure: how it left.
        actor: who says so.
        reason: what was said, and by whom.

    Raises:
        StopError: no reason; no warehouse holds it; its number is known; the departure makes no sense.
        LeaseTaken: somebody else records for this warehouse now; do it again.
    """
    refuse_reason(f"{named}: that it left", reason)
    refuse_unkept(f"{named}: its carrier", departure.carrier)
    parcel = departure.parcel(clock.now())
    warehouse_id = _warehouse_of(database, named)
    with hold_scope(database, f"wms:{warehouse_id}") as lease, database.transaction(lease) as connection:
        rows = _standing(connection, named)
        first, *others = (row.fulfillment_order_id for row in rows)
        report = Report(rows[0].subject, first, (parcel,), others=tuple(others))
        recorded = record_reports(connection, clock, warehouse_id, [report], "hand")
        if not recorded.documents:
            raise StopError(
                f"{named}: {parcel.tracking_number} is known already, and more is still to leave; "
                "say another number, or none"
            )
        detail = {"carrier": parcel.carrier_code, "number": parcel.tracking_number}
        detail |= {"left_at": parcel.shipped_at.isoformat(), "reason": reason}
        _record(connection, clock, actor, "left", rows, detail)
    return recorded.documents


def end_as_stayed(database: Database, clock: Clock, named: str, actor: str, reason: str) -> Stayed:
    """Give back what a warehouse did not want to and has not sent; return what ends with that.

    What may still ship is routed anew, by a document of its own. A line of which some pieces left waits for a
    person, as after every recall. The WMS has refused the recall and is not asked again.

    Raises:
        StopError: no reason; no warehouse holds it; or nobody asked it back, so that it may still leave.
        LeaseTaken: somebody else records for this warehouse now; do it again.
    """
    refuse_reason(f"{named}: that it stayed", reason)
    warehouse_id = _warehouse_of(database, named)
    with hold_scope(database, f"wms:{warehouse_id}") as lease, database.transaction(lease) as connection:
        rows = _standing(connection, named)
        given = {"documents": [row.fulfillment_order_id for row in rows if row.is_at_wms]}
        stayed = list(connection.execute(_STAYED_AT_WMS, given).all())
        # People call back one document, a WMS the whole parcel.
        given = {
            "documents": [row.fulfillment_order_id for row in rows if not row.is_at_wms and row.is_named]
        }
        stayed += connection.execute(_STAYED_BY_HAND, {**given, "now": clock.now(), "actor": actor}).all()
        if not stayed:
            raise StopError(
                f"{named}: no recall of it was refused, so it may still leave; let the hub ask it back first "
                "(./hub hold cancel, a new address), or record an open one with ./hub recall agree"
            )
        take_back(connection, clock, stayed)
        ended = {row.fulfillment_order_id for row in stayed}
        acted = [row for row in rows if row.fulfillment_order_id in ended]
        _record(connection, clock, actor, "stayed", acted, {"reason": reason})
    return Stayed(len(stayed), tuple(sorted({row.code for row in stayed if row.code is not None})))


def _warehouse_of(database: Database, named: str) -> str:
    with database.read() as connection:
        warehouse_id = connection.execute(_WAREHOUSE, {"named": named}).scalar_one_or_none()
    if warehouse_id is None:
        raise StopError(f"{named}: no document has this number; see core.fulfillment_orders")
    return str(warehouse_id)


def _standing(connection: Connection, named: str) -> Sequence[Row[Any]]:
    """Return the documents in the parcel that `named` means; nobody ends one of them in the meantime."""
    connection.execute(LOCK_DOCUMENTS)
    rows = connection.execute(statement("core/documents_of_parcel"), {"named": named}).all()
    if not any(row.is_named for row in rows):
        raise StopError(f"{named}: no warehouse holds it: not handed over, given back, or it has left")
    return rows


def _record(
    connection: Connection,
    clock: Clock,
    actor: str,
    act: str,
    rows: Sequence[Row[Any]],
    detail: dict[str, str],
) -> None:
    for row in rows:
        said = {**detail, "order_id": row.order_id}
        record_act(connection, clock, actor, act, "fulfillment_order", row.fulfillment_order_id, detail=said)
