"""Returns at a WMS: told of what comes back, asked what has come and how good it is.

A WMS is asked as for parcels: what it says is a total, so that nothing said twice counts twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import Doubt
from orderhub.errors import ContractError
from orderhub.fulfillment.asking import ask_each
from orderhub.fulfillment.returns import Confirmation, Returned, record_returns
from orderhub.fulfillment.shipments import write_doubts
from orderhub.fulfillment.wms.account import Account, is_absent
from orderhub.fulfillment.wms.documents import return_order
from orderhub.fulfillment.wms.qimen import stamped
from orderhub.fulfillment.wms.xml import text_at, whole

if TYPE_CHECKING:
    from orderhub.domain.returns import Grade

#: Qimen's word for sellable goods; what is called anything else, or nothing, is not sold again.
_GOOD = "ZP"
_MOST_ASKED = 500
#: Characters of what nobody can read that a doubt holds.
_MOST_QUOTED = 40
#: Goods that have not come by then are found by people.
_ASKED_FOR = timedelta(days=60)
_OPEN = text("""
    select return_id, return_order_code from core.returns
    where warehouse_id = :warehouse_id and announced_at > :since
        and state in ('announced', 'accepted', 'refused')
    order by asked_at nulls first, return_id limit :most""")
_ASKED = text("""
    update core.returns set asked_at = :now,
        state = case when state in ('announced', 'refused') then 'accepted' else state end,
        wms_return_id = coalesce(wms_return_id, nullif(:wms_return_id, ''))
    where return_order_code = :code""")
_NOT_THERE = text("update core.returns set asked_at = :now where return_order_code = :code")
_REFUSED = text("""
    update core.returns set state = 'refused', answer = :said
    where return_order_code = :code and state = 'announced'""")


@dataclass(frozen=True)
class ReturnOrder:
    """Tells a WMS of one return; `send` may run any number of times."""

    database: Database
    clock: Clock
    account: Account

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Announce the return, and return how it stands.

        Raises:
            RetryError: the WMS did not say; asking comes first the next time.
        """
        code = payload["code"]
        with self.database.read() as connection:
            lines = connection.execute(statement("core/return_order_lines"), {"code": code}).all()
        is_changed = payload.get("is_changed", False) and lines[0].state != "received" if lines else False
        if not lines or (lines[0].state != "announced" and not is_changed):
            return {"state": lines[0].state if lines else "nothing comes back"}
        tree = return_order(lines, load_active(self.database), self.account.wms)
        answer = self.account.qimen.call("returnorder.create", tree)
        if answer.is_success:
            return self._settle(
                _ASKED, {"code": code, "wms_return_id": text_at(answer.body, "returnOrderId")}
            )
        known = self._known(code)
        said = f"{answer.code} {answer.message}"
        if known and is_changed:
            self._doubt(code, {line.sku_id: line.quantity for line in lines})
        return known or self._settle(_REFUSED, {"code": code, "said": said[:200]})

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return that the WMS has it, or None when it never heard of it or may have an earlier plan."""
        return None if payload.get("is_changed", False) else self._known(payload["code"])

    def _known(self, code: str) -> Mapping[str, Any] | None:
        body = _look(self.account, code)
        if body is None:
            return None
        wms_return_id = text_at(body, "returnOrder/returnOrderId")
        return self._settle(_ASKED, {"code": code, "wms_return_id": wms_return_id})

    def _doubt(self, code: str, planned: Mapping[str, int]) -> None:
        """Write that the WMS keeps the plan it had: people tell the warehouse."""
        said = ",".join(f"{sku}:{pieces}" for sku, pieces in sorted(planned.items()))
        doubt = Doubt("changed_return", said, dict(planned))
        with hold_scope(self.database, self._scope) as lease, self.database.transaction(lease) as connection:
            write_doubts(connection, self.clock, self.account.warehouse_id, code, [doubt])

    @property
    def _scope(self) -> str:
        return f"wms:{self.account.warehouse_id}"

    def _settle(self, change: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
        with hold_scope(self.database, self._scope) as lease, self.database.transaction(lease) as connection:
            connection.execute(change, {**given, "now": self.clock.now()})
        return {"state": "refused" if change is _REFUSED else "accepted"}


def ask_open_returns(database: Database, clock: Clock, account: Account) -> Returned:
    """Ask one WMS for the returns that are on their way, and record what has come.

    Raises:
        LeaseTaken: somebody else deals with this WMS now.
        RetryError: it stopped answering; what it said before is recorded.
    """
    with hold_scope(database, f"wms:{account.warehouse_id}") as lease:
        with database.read() as connection:
            since = clock.now() - _ASKED_FOR
            given = {"warehouse_id": account.warehouse_id, "since": since, "most": _MOST_ASKED}
            waiting = {row.return_order_code: row.return_id for row in connection.execute(_OPEN, given)}
        asked = ask_each(waiting, lambda code: _look(account, code))
        with database.transaction(lease) as connection:
            tried = [{"code": code, "now": clock.now()} for code in asked.unclear]
            if tried:
                connection.execute(_NOT_THERE, tried)
            returned = _record(connection, clock, account, waiting, asked.said)
        if asked.fault is not None:
            raise asked.fault
    return returned


def _record(
    connection: Connection,
    clock: Clock,
    account: Account,
    returns: Mapping[str, str],
    said: Mapping[str, Element | None],
) -> Returned:
    for code, body in said.items():
        wms_return_id = text_at(body, "returnOrder/returnOrderId") if body is not None else ""
        change = _NOT_THERE if body is None else _ASKED
        connection.execute(change, {"code": code, "now": clock.now(), "wms_return_id": wms_return_id})
    confirmations = [
        confirmation_in(body, code, returns[code]) for code, body in said.items() if body is not None
    ]
    return record_returns(connection, clock, account.warehouse_id, confirmations, "wms")


def confirmation_in(body: Element, code: str, return_id: str) -> Confirmation:
    """Return what an answer says has come of a return; a time nobody can read is long ago."""
    pieces: dict[tuple[str, Grade], int] = {}
    unreadable: dict[str, str] = {}
    for line in body.iterfind("orderLines/orderLine"):
        sku, said = text_at(line, "itemCode"), text_at(line, "actualQty")
        quantity = whole(said or "0")
        grade: Grade = "sellable" if text_at(line, "inventoryType") == _GOOD else "defect"
        if quantity is None:
            unreadable[sku] = said[:_MOST_QUOTED]
        elif quantity:
            pieces[sku, grade] = pieces.get((sku, grade), 0) + quantity
    confirmed_at = stamped(text_at(body, "returnOrder/orderConfirmTime"))
    return Confirmation(code, return_id, "", pieces, confirmed_at, is_total=True, unreadable=unreadable)


def _look(account: Account, code: str) -> Element | None:
    asked = {
        "ownerCode": account.wms.owner_code,
        "warehouseCode": account.wms.warehouse_code,
        "returnOrderCode": code,
        "page": 1,
        "pageSize": 100,
    }
    answer = account.qimen.call("returnorder.query", asked)
    if answer.is_success:
        if text_at(answer.body, "returnOrder/returnOrderCode") != code:
            raise ContractError("WMS: the answer is about another return than the one asked for")
        return answer.body
    said = f"{answer.code} {answer.message}"
    if is_absent(said):
        return None
    raise ContractError(f"WMS returnorder.query: {said[:200]}")
