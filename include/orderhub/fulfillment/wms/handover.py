"""Hands a manifest's documents to the warehouse's WMS, once each: in batches, with an answer per document.

The code of a document is made from its id; a lost answer is resolved by asking for it, never by another code.
A document whose waybill the hub takes waits for it, and for no other's: both are named after the parcel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Wms
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.errors import Unsettled
from orderhub.fulfillment.asking import ask_each
from orderhub.fulfillment.wms.account import Account, Known
from orderhub.fulfillment.wms.documents import delivery_order
from orderhub.fulfillment.wms.qimen import Answer, asks_for_patience
from orderhub.fulfillment.wms.xml import text_at
from orderhub.platforms.payload import quotable

_CHUNKS = text("""
    select distinct chunk from core.delivery_orders
    where manifest_id = :manifest_id order by chunk""")
_PENDING = text("""
    select distinct d.delivery_order_code from core.delivery_orders as d
    left join core.waybills as w on d.delivery_order_code = w.object_id
    where d.manifest_id = :manifest_id and d.chunk = :chunk and d.state = 'pending'
        and w.state is distinct from 'pending'
    order by d.delivery_order_code""")
_ACCEPTED = text("""
    update core.delivery_orders
    set state = 'accepted', accepted_at = :now,
        wms_order_id = coalesce(nullif(:wms_order_id, ''), wms_order_id)
    where delivery_order_code = :code and state = 'pending'""")
_REFUSED = text("""
    update core.delivery_orders set state = 'refused', answer = :said
    where delivery_order_code = :code and state = 'pending'""")
_STATES = text("""
    select case when d.state = 'pending' and w.state = 'pending' then 'waiting' else d.state end as state,
        count(*) as documents
    from core.delivery_orders as d
    left join core.waybills as w on d.delivery_order_code = w.object_id
    where d.manifest_id = :manifest_id and d.chunk = :chunk group by 1 order by 1""")
#: One row per chunk that waited for one of these waybills, with the id of one of them.
_WAITED = text("""
    select d.warehouse_id, d.manifest_id, d.chunk, min(w.object_id) as object_id
    from core.waybills as w
    inner join core.delivery_orders as d on w.object_id = d.delivery_order_code
    where w.object_id = any(:waybills) and w.state <> 'pending' and d.state = 'pending'
    group by d.warehouse_id, d.manifest_id, d.chunk order by d.manifest_id, d.chunk""")


def enqueue_delivery_orders(
    connection: Connection, clock: Clock, wms: Wms, warehouse_id: str, manifest_id: str
) -> int:
    """Write what hands a manifest to a WMS, in the transaction that closes it; return the number of calls."""
    given = {
        "warehouse_id": warehouse_id, "manifest_id": manifest_id, "size": wms.batch_size, "now": clock.now()
    }  # fmt: skip
    connection.execute(statement("core/delivery_orders"), given)
    chunks = connection.execute(_CHUNKS, {"manifest_id": manifest_id}).scalars()
    return enqueue(connection, [_effect(warehouse_id, manifest_id, chunk) for chunk in chunks], clock)


def enqueue_settled(connection: Connection, clock: Clock, waybills: Sequence[str]) -> int:
    """Write what hands over the documents that waited for these waybills; return the number of calls.

    A waybill is settled once, so its id makes that of the effect.
    """
    if not waybills:
        return 0
    rows = connection.execute(_WAITED, {"waybills": list(waybills)})
    effects = [_effect(row.warehouse_id, row.manifest_id, row.chunk, row.object_id) for row in rows]
    return enqueue(connection, effects, clock)


def _effect(warehouse_id: str, manifest_id: str, chunk: int, waybill: str = "") -> Effect:
    subject = f"{manifest_id}:{chunk}"
    return Effect(
        outbox_id=f"wms:create:{subject}:{waybill}" if waybill else f"wms:create:{subject}",
        target=f"wms:{warehouse_id}",
        subject=subject,
        payload={
            "do": "create",
            "warehouse_id": warehouse_id,
            "manifest_id": manifest_id,
            "chunk": chunk,
        },
    )


@dataclass(frozen=True)
class HandOver:
    """Hands over one chunk of a manifest; `send` may run any number of times."""

    database: Database
    clock: Clock
    account: Account

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Create what no answer has settled, and return how many documents stand in which state.

        Raises:
            Unsettled: some are still open; asking comes first the next time.
            RetryError: it does not answer.
        """
        config = load_active(self.database)
        with hold_scope(self.database, f"wms:{self.account.warehouse_id}") as lease:
            documents = list(self._open_documents(payload))
            if documents:
                self._create(lease, documents, config)
            return self._settled(payload)

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Ask for every document that no answer has settled; None when the WMS does not know one of them.

        Raises:
            Unsettled: of some it says nothing clear; it may have those, and only what it does not know is
                sent again.
            RetryError: it does not answer.
        """
        with hold_scope(self.database, f"wms:{self.account.warehouse_id}") as lease:
            with self.database.read() as connection:
                waiting = [row.delivery_order_code for row in connection.execute(_PENDING, dict(payload))]
            asked = ask_each(waiting, lambda code: self._found(lease, code))
            if asked.fault is not None:
                raise asked.fault
            absent = {code for code, known in asked.said.items() if known is None}
            if not asked.unclear:
                return None if absent else self._settled(payload)
            documents = [lines for lines in self._open_documents(payload) if _code(lines) in absent]
            if documents:
                self._create(lease, documents, load_active(self.database))
            return self._settled(payload)

    def _open_documents(self, payload: Mapping[str, Any]) -> Iterator[list[Row[Any]]]:
        with self.database.read() as connection:
            rows = connection.execute(statement("core/delivery_order_lines"), dict(payload)).all()
        for _, lines in groupby(rows, key=attrgetter("delivery_order_code")):
            yield list(lines)

    def _create(self, lease: Lease, documents: Sequence[list[Row[Any]]], config: MerchantConfig) -> None:
        wms = self.account.wms
        trees = [delivery_order(lines, config, wms) for lines in documents]
        codes = [_code(lines) for lines in documents]
        if wms.batch_size == 1:
            for code, tree in zip(codes, trees, strict=True):
                answer = self.account.qimen.call("deliveryorder.create", tree)
                said = {} if answer.is_success else {code: f"{answer.code} {answer.message}"}
                self._take(lease, [code], said, text_at(answer.body, "deliveryOrderId"))
        else:
            answer = self.account.qimen.call("deliveryorder.batchcreate", {"orders": {"order": trees}})
            self._take(lease, codes, _refusals(answer, codes))

    def _take(
        self, lease: Lease, codes: Sequence[str], refusals: Mapping[str, str], wms_order_id: str = ""
    ) -> None:
        """Settle what the answer settles; what it refuses may be there all the same, from a call before."""
        taken = [code for code in codes if code not in refusals]
        self._accept(lease, taken, wms_order_id)
        asked = ask_each(refusals, lambda code: self._found(lease, code))
        for code, known in asked.said.items():
            if known is None and refusals[code] and not asks_for_patience(refusals[code]):
                with self.database.transaction(lease) as connection:
                    connection.execute(_REFUSED, {"code": code, "said": quotable(refusals[code], 200)})
        if asked.fault is not None:
            raise asked.fault

    def _found(self, lease: Lease, code: str) -> Known | None:
        known = self.account.look(code)
        if known is not None:
            self._accept(lease, [code], known.wms_order_id)
        return known

    def _accept(self, lease: Lease, codes: Sequence[str], wms_order_id: str = "") -> None:
        if not codes:
            return
        now = self.clock.now()
        rows = [{"code": code, "wms_order_id": wms_order_id, "now": now} for code in codes]
        with self.database.transaction(lease) as connection:
            connection.execute(_ACCEPTED, rows)

    def _settled(self, payload: Mapping[str, Any]) -> dict[str, int]:
        with self.database.read() as connection:
            states = {row.state: row.documents for row in connection.execute(_STATES, dict(payload))}
        if states.get("pending"):
            raise Unsettled(f"WMS: {states['pending']} of {sum(states.values())} documents are not settled")
        return states


def _code(lines: Sequence[Row[Any]]) -> str:
    code: str = lines[0].delivery_order_code
    return code


def _refusals(answer: Answer, codes: Sequence[str]) -> dict[str, str]:
    """Return delivery order code → what the WMS has against it; empty where that is another document's fault.

    Qimen's answer to a batch lists those it did not take. A failure that lists none is about all; where it
    lists some, the others fell with them, and are tried again without those.
    """
    whole = f"{answer.code} {answer.message}"
    listed = {
        text_at(order, "deliveryOrderCode"): text_at(order, "message") or whole
        for order in answer.body.iterfind("orders/order")
    }
    named = {code: said for code, said in listed.items() if code in codes}
    if answer.is_success:
        return named
    return {code: named.get(code, "" if named else whole) for code in codes}
