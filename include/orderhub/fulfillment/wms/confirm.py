"""Learns what a WMS has shipped, by asking: for every open document, its status and its parcels.

Asking needs no address that others can reach, and what it missed it learns the next time. A confirmation that
a WMS pushes says the same in the same words and is recorded the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.errors import ContractError
from orderhub.fulfillment.asking import ask_each
from orderhub.fulfillment.shipments import Recorded, Report, record_reports
from orderhub.fulfillment.wms.account import CANCELLED, Account, Known, known_in
from orderhub.fulfillment.wms.xml import read, text_at
from orderhub.platforms.payload import quotable

#: The message that a WMS pushes when something has left; a gateway between the two puts its name before it.
CONFIRMATION = "deliveryorder.confirm"
#: Documents asked for in one go, the longest unasked first; a million open ones take their turns.
MOST_ASKED = 2000
_RECORDED_AT_ONCE = 100
#: A call that was under way for so long may still create what was refused or called back in the meantime.
_ZOMBIES_WITHIN = timedelta(days=1)
#: A WMS that works on a batch later knows its documents by then.
_LOST_AFTER = timedelta(minutes=30)
_LOST = "WMS 收过,现在查不到 / it was taken, and the WMS does not know it"
_OPEN = text("""
    select delivery_order_code from core.delivery_orders
    where warehouse_id = :warehouse_id
        and (state in ('pending', 'accepted', 'refused') or (state = 'cancelled' and ended_at > :since))
    order by tried_at nulls first, fulfillment_order_id limit :most""")
_ASKED = text("""
    update core.delivery_orders set
        asked_at = :now, tried_at = :now,
        state = case when state in ('pending', 'refused') and :is_known then 'accepted' else state end,
        accepted_at = case when :is_known then coalesce(accepted_at, :now) else accepted_at end,
        wms_order_id = coalesce(wms_order_id, nullif(:wms_order_id, ''))
    where delivery_order_code = :code""")
#: Taken a while ago, and nothing of it has left: a batch took it and did not keep it.
_LOST_THERE = text("""
    update core.delivery_orders as d set state = 'refused', answer = :lost
    where delivery_order_code = any(:codes) and state = 'accepted' and recall is null
        and accepted_at < :lost_before and not exists (
            select from core.shipments as s where s.fulfillment_order_id = d.fulfillment_order_id)""")
#: Behind the others, so that a few of which nothing clear is said never fill the front.
_TRIED = text("update core.delivery_orders set tried_at = :now where delivery_order_code = any(:codes)")
#: A delivery order is one document, or several that were merged.
_DOCUMENTS_OF = text("""
    select delivery_order_code, max(wms_order_id) as wms_order_id,
        coalesce(bool_or(recall = 'requested'), false) as is_called_back,
        array_agg(fulfillment_order_id order by fulfillment_order_id) as documents
    from core.delivery_orders
    where delivery_order_code = any(:codes) and warehouse_id = :warehouse_id
    group by delivery_order_code""")


@dataclass(frozen=True)
class Confirmed:
    """What asking one WMS brought: documents asked for, and what their parcels changed."""

    warehouse_id: str
    asked: int
    parcels: int
    posted: int
    documents: int
    doubts: int


def ask_open_documents(database: Database, clock: Clock, account: Account) -> Confirmed:
    """Ask one WMS for its open documents, and record what has left.

    One of which it says nothing clear is asked for again the next time, behind the others.

    Raises:
        LeaseTaken: somebody else deals with this WMS now.
        RetryError: it stopped answering; what it said before is recorded.
    """
    with hold_scope(database, f"wms:{account.warehouse_id}") as lease:
        with database.read() as connection:
            since = clock.now() - _ZOMBIES_WITHIN
            asked = {"warehouse_id": account.warehouse_id, "most": MOST_ASKED, "since": since}
            waiting = list(dict.fromkeys(connection.execute(_OPEN, asked).scalars()))
        total = Recorded(0, 0, 0, 0)
        for start in range(0, len(waiting), _RECORDED_AT_ONCE):
            part = waiting[start : start + _RECORDED_AT_ONCE]
            total = total.plus(_ask(database, lease, clock, account, part))
    return Confirmed(account.warehouse_id, len(waiting), **vars(total))


def take_push(
    database: Database, clock: Clock, account: Account, query: Mapping[str, str], body: bytes
) -> Recorded:
    """Record a `deliveryorder.confirm` that the WMS sent to us; again it changes nothing.

    Raises:
        CredentialError: it does not carry the account's signature, or is of another time.
        ContractError: it is another message, or not what Qimen documents.
        LeaseTaken: somebody else deals with this WMS now.
    """
    account.qimen.refuse_unsigned(query, body)
    method = query.get("method", "")
    if not f".{method}".endswith(f".{CONFIRMATION}"):
        raise ContractError(f"WMS: {quotable(method)!r} is not taken, only {CONFIRMATION} is")
    request = read(body)
    code = text_at(request, "deliveryOrder/deliveryOrderCode")
    known = known_in(request, code)
    with (
        hold_scope(database, f"wms:{account.warehouse_id}") as lease,
        database.transaction(lease) as connection,
    ):
        reports = list(_reports(connection, account.warehouse_id, {code: known}))
        if any(report.documents for report in reports):
            _note(connection, clock, {code: known})
        return record_reports(connection, clock, account.warehouse_id, reports, "wms")


def _ask(database: Database, lease: Lease, clock: Clock, account: Account, codes: Sequence[str]) -> Recorded:
    asked = ask_each(codes, account.look)
    standing = {code: one for code, one in asked.said.items() if one is not None}
    with database.transaction(lease) as connection:
        reports = list(_reports(connection, account.warehouse_id, standing))
        _note(connection, clock, asked.said)
        connection.execute(_TRIED, {"codes": list(asked.unclear), "now": clock.now()})
        recorded = record_reports(connection, clock, account.warehouse_id, reports, "wms")
    if asked.fault is not None:
        raise asked.fault
    return recorded


def _reports(connection: Connection, warehouse_id: str, said: Mapping[str, Known]) -> Iterator[Report]:
    """Yield what the WMS says of each delivery order; call it before its own numbers are noted."""
    given = {"codes": list(said), "warehouse_id": warehouse_id}
    rows = connection.execute(_DOCUMENTS_OF, given).all()
    ours = {row.delivery_order_code: row for row in rows}
    for code, known in said.items():
        row = ours.get(code)
        if row is None:
            yield Report(code, None, known.shipped)
            continue
        is_second = bool(row.wms_order_id and known.wms_order_id not in {"", row.wms_order_id})
        if is_second and known.status == CANCELLED:
            continue
        second_id = known.wms_order_id if is_second else ""
        first, *others = row.documents
        # What the WMS gives up by itself is told; what we asked back is settled by whoever asked.
        is_final = known.is_final and not row.is_called_back
        yield Report(code, first, known.shipped, is_final, second_id, tuple(others))


def _note(connection: Connection, clock: Clock, said: Mapping[str, Known | None]) -> None:
    rows = [
        {
            "code": code,
            "now": clock.now(),
            "is_known": known is not None,
            "wms_order_id": known.wms_order_id if known else "",
        }
        for code, known in said.items()
    ]
    if rows:
        connection.execute(_ASKED, rows)
    absent = [code for code, known in said.items() if known is None]
    given = {"codes": absent, "lost_before": clock.now() - _LOST_AFTER, "lost": _LOST}
    connection.execute(_LOST_THERE, given)
