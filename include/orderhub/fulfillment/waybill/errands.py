"""Asks for waybills and takes them back, once each: what is written with the fact, and what is sent.

The id at the service is made from the document's; a lost answer is resolved under that id, never another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError, TransientError, Unsettled
from orderhub.fulfillment.asking import ask_each
from orderhub.fulfillment.waybill.account import WaybillDesk
from orderhub.fulfillment.waybill.label import Answers, LabelRequest, label_request
from orderhub.fulfillment.waybill.settle import REFUSED, Settler, tell_refused

_CHUNK = 10
_CHUNKS = text("""
    select distinct chunk from core.waybills
    where manifest_id = :manifest_id and carrier_id = :carrier_id and state = 'pending' order by chunk""")
_IS_OPEN = text("select exists (select from core.waybills where state in ('pending', 'got', 'refused'))")
#: A document that is gone needs no label any more, whoever refused it.
_CLOSE = text("""
    update ops.alerts set closed_at = :now
    where closed_at is null and rule_id = :rule_id and subject in (
        select fulfillment_order_id from core.fulfillment_orders where state in ('cancelled', 'shipped'))""")


def request_waybills(
    connection: Connection, clock: Clock, config: MerchantConfig, warehouse_id: str, manifest_id: str
) -> int:
    """Write what asks for the waybills of a manifest, in the transaction that closes it; return the calls.

    A warehouse whose WMS gets them itself has no part in it.
    """
    wms = config.wms_of(warehouse_id)
    if wms is not None and wms.waybills == "wms":
        return 0
    effects, refused = list[Effect](), list[Row[Any]]()
    for carrier in config.carriers.carriers:
        if carrier.waybill is None:
            continue
        given = {
            "manifest_id": manifest_id,
            "carrier_id": carrier.id,
            "service": carrier.waybill.service,
            "platforms": list(carrier.waybill.channels),
            "size": _CHUNK,
            "now": clock.now(),
        }
        refused += connection.execute(statement("core/waybills"), given).all()
        chunks = connection.execute(_CHUNKS, given).scalars()
        effects += [_effect("get", carrier.id, manifest_id, chunk) for chunk in chunks]
    tell_refused(connection, clock, config, refused)
    return enqueue(connection, effects, clock)


def void_waybills(connection: Connection, clock: Clock) -> int:
    """Take back the waybills of cancelled documents, and return how many services are asked to."""
    if not connection.execute(_IS_OPEN).scalar_one():
        return 0
    rows = connection.execute(statement("core/void_waybills"), {"now": clock.now()}).all()
    connection.execute(_CLOSE, {"rule_id": REFUSED, "now": clock.now()})
    effects = [
        _effect("cancel", row.carrier_id, row.manifest_id, row.chunk, row.object_id, is_made=row.is_made)
        for row in rows
        if row.state == "void_requested"
    ]
    return enqueue(connection, effects, clock)


def _effect(
    do: str, carrier_id: str, manifest_id: str, chunk: int, object_id: str = "", *, is_made: bool = False
) -> Effect:
    subject = f"{manifest_id}:{carrier_id}:{chunk}"
    return Effect(
        outbox_id=f"waybill:{do}:{object_id or subject}",
        target=f"waybill:{carrier_id}",
        # One subject: what is not settled yet cannot be taken back; what is made waits for no other label.
        subject=object_id if is_made else subject,
        payload={
            "do": do,
            "carrier_id": carrier_id,
            "manifest_id": manifest_id,
            "chunk": chunk,
            "object_id": object_id,
        },
    )


@dataclass(frozen=True)
class Errand:
    """What both errands need: the database, the account, and how answers are kept."""

    database: Database
    clock: Clock
    config: MerchantConfig
    desk: WaybillDesk

    @property
    def settler(self) -> Settler:
        """Return what keeps the answers."""
        return Settler(self.clock, self.config, self.desk.carrier_id)

    def requests(self, payload: Mapping[str, Any]) -> list[LabelRequest]:
        """Return the labels that the payload still stands for, and that this account can make."""
        return list(self._requests(_lines(self.database, payload)))

    def unable(self, row: Row[Any]) -> str:
        """Return why this account has no way to ask for the label of `row`."""
        return (
            f"carrier {self.desk.carrier_id} has no waybill channel for {row.platform} now, "
            f"or warehouse {row.warehouse_id} no sender"
        )

    def _requests(self, rows: Sequence[Row[Any]]) -> Iterator[LabelRequest]:
        masked = {shop.id for shop in self.config.shops if shop.export_policy == "masked"}
        for _, group in groupby(rows, key=attrgetter("fulfillment_order_id")):
            lines = list(group)
            first = lines[0]
            sender = self.config.sender_of(first.warehouse_id)
            channel = self.desk.account.channels.get(first.platform)
            if sender is not None and channel is not None:
                yield label_request(lines, channel, sender, is_masked=first.shop_id in masked)


class GetWaybills(Errand):
    """Asks for the labels of one chunk; may run any number of times."""

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask for what no answer has settled; what the configuration gives no way to ask for is refused.

        Raises:
            Unsettled: some are still open; asking comes first the next time.
            RetryError: so are all.
        """
        with hold_scope(self.database, f"waybill:{self.desk.carrier_id}") as lease:
            requests = self.requests(payload)
            if requests:
                self._get(lease, requests)
            return self._left(lease, payload)

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Ask for every label that no answer has settled; None when the service has not made one of them.

        Raises:
            Unsettled: of some it says nothing clear; it may have made those, and only others are asked for.
            RetryError: it does not answer.
        """
        with hold_scope(self.database, f"waybill:{self.desk.carrier_id}") as lease:
            requests = {request.object_id: request for request in self.requests(payload)}
            asked = ask_each(requests, lambda object_id: self.desk.service.find(requests[object_id]))
            found = [label for label in asked.said.values() if label is not None]
            with self.database.transaction(lease) as connection:
                self.settler.keep_labels(connection, found)
            if asked.fault is not None:
                raise asked.fault
            absent = [requests[object_id] for object_id, known in asked.said.items() if known is None]
            if absent and not asked.unclear:
                return None
            if absent:
                self._get(lease, absent)
            return self._left(lease, payload)

    def _get(self, lease: Lease, requests: Sequence[LabelRequest]) -> None:
        try:
            answers = self.desk.service.get(requests)
        except TransientError as error:
            with self.database.transaction(lease) as connection:
                self.settler.note_trouble(connection, str(error))
            raise
        with self.database.transaction(lease) as connection:
            self.settler.keep(connection, answers)

    def _left(self, lease: Lease, payload: Mapping[str, Any]) -> dict[str, int]:
        rows = _lines(self.database, payload)
        left = [request.object_id for request in self._requests(rows)]
        unable = {row.object_id: self.unable(row) for row in rows if row.object_id not in left}
        if unable:
            with self.database.transaction(lease) as connection:
                self.settler.keep(connection, Answers(refused=unable))
        if left:
            raise Unsettled(f"waybill service: {len(left)} labels are not settled")
        return {"open": 0}


def give_up(
    database: Database, clock: Clock, config: MerchantConfig, payload: Mapping[str, Any], why: str
) -> None:
    """Refuse the labels that a carrier without an account is asked for; people are told, documents go on.

    Raises:
        ConfigError: it is to take one back, which waits for the account, or for a person to settle it.
    """
    if payload["do"] == "cancel":
        if _lines(database, payload):
            raise ConfigError(why)
        return
    carrier_id = payload["carrier_id"]
    with hold_scope(database, f"waybill:{carrier_id}") as lease, database.transaction(lease) as connection:
        refused = {
            row.object_id: why for row in connection.execute(statement("core/waybill_lines"), dict(payload))
        }
        Settler(clock, config, carrier_id).keep(connection, Answers(refused=refused))


def _lines(database: Database, payload: Mapping[str, Any]) -> Sequence[Row[Any]]:
    with database.read() as connection:
        return connection.execute(statement("core/waybill_lines"), dict(payload)).all()


class CancelWaybill(Errand):
    """Takes one label back; may run any number of times."""

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Cancel it at the service, also one whose making we never heard of.

        Raises:
            RefusedError: the service will not; a look at the hub tells a person.
            RetryError: it did not say.
            ConfigError: the configuration gives no way to ask; put back, it goes on.
        """
        with hold_scope(self.database, f"waybill:{self.desk.carrier_id}") as lease:
            rows = _lines(self.database, payload)
            requests = list(self._requests(rows))
            if rows and not requests:
                raise ConfigError(self.unable(rows[0]))
            for request in requests:
                number = request.tracking_number or self._number_of(request)
                if number is not None:
                    self.desk.service.cancel(replace(request, tracking_number=number))
                with self.database.transaction(lease) as connection:
                    self.settler.void(connection, request.object_id)
        return {"void": payload["object_id"]}

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return that it is done, or None: cancelling again is fine."""
        return None if _lines(self.database, payload) else {"void": payload["object_id"]}

    def _number_of(self, request: LabelRequest) -> str | None:
        found = self.desk.service.find(request)
        return found.tracking_number if found is not None else None
