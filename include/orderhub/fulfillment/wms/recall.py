"""Asks a WMS to give a document back: asked for once, agreed or refused by the WMS.

When it agrees, stock of what had not left is free again, the lines leave the manifest, what may still
ship is routed anew; so is what was merged with it into one parcel, which the WMS gives back as a whole. When
it refuses, goods are picked or gone: a person is told. What is called back: `orderhub.fulfillment.recalls`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import ContractError, Unsettled
from orderhub.fulfillment.recalls import take_back
from orderhub.fulfillment.wms.account import CANCELLED, Account
from orderhub.fulfillment.wms.documents import ORDER_TYPES

_AGREED = text("""
    update core.delivery_orders set recall = 'agreed'
    where delivery_order_code = :code and state <> 'shipped'
    returning fulfillment_order_id, coalesce(recall_reason, 'parcel_recalled') as reason""")
_REFUSED = text("""
    update core.delivery_orders set recall = 'refused'
    where delivery_order_code = :code and state in ('pending', 'accepted') and recall = 'requested'""")
_KIND = text("""
    select o.order_kind from core.delivery_orders as d
    join core.fulfillment_orders as f using (fulfillment_order_id)
    join core.orders as o using (order_id)
    where d.delivery_order_code = :code
    order by d.fulfillment_order_id limit 1""")
_STATE = text("""
    select state, recall from core.delivery_orders where delivery_order_code = :code
    order by recall nulls last, fulfillment_order_id limit 1""")


@dataclass(frozen=True)
class Recall:
    """Calls one document back; `send` may run any number of times."""

    database: Database
    clock: Clock
    account: Account

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the WMS to cancel, and return whether it agreed.

        Raises:
            RetryError: it did not say; asking comes first the next time.
            Unsettled: it says nothing clear of this one.
        """
        code = payload["code"]
        wms = self.account.wms
        wanted = {
            "warehouseCode": wms.warehouse_code,
            "ownerCode": wms.owner_code,
            "orderCode": code,
            "orderType": self._order_type(code),
        }
        answer = self.account.qimen.call("order.cancel", wanted)
        if answer.is_success or self._is_gone(code):
            return self._agreed(code)
        with hold_scope(self.database, self._scope) as lease, self.database.transaction(lease) as connection:
            connection.execute(_REFUSED, {"code": code})
        return {"recall": "refused", "said": f"{answer.code} {answer.message}"}

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return that it is cancelled, or None when it is not."""
        return self._agreed(payload["code"]) if self._is_gone(payload["code"]) else None

    def _order_type(self, code: str) -> str:
        with self.database.read() as connection:
            kind = connection.execute(_KIND, {"code": code}).scalar_one_or_none()
        return ORDER_TYPES[kind or "sale"]

    @property
    def _scope(self) -> str:
        return f"wms:{self.account.warehouse_id}"

    def _is_gone(self, code: str) -> bool:
        try:
            known = self.account.look(code)
        except ContractError as error:
            # Of this document alone, as far as anybody knows: the others go on.
            raise Unsettled(str(error)) from None
        return known is None or known.status == CANCELLED

    def _agreed(self, code: str) -> Mapping[str, Any]:
        stamp = {"code": code, "now": self.clock.now()}
        with hold_scope(self.database, self._scope) as lease, self.database.transaction(lease) as connection:
            connection.execute(LOCK_DOCUMENTS)
            take_back(connection, self.clock, connection.execute(_AGREED, stamp).all())
            return dict(connection.execute(_STATE, stamp).mappings().one())
