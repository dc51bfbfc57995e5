"""Tells a shop's platform the tracking numbers of what has left, once each; never before it has left.

A lost answer is resolved by asking how the order stands. What the platform refuses is never a parcel lost: it
waits with its reason, or a person is told.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.config.models import Shop
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import NO_NUMBER, plain_number
from orderhub.errors import ConfigError, ContractError, NotTaken, RefusedError, ShopError
from orderhub.fulfillment.tracking_plan import Line, NothingToTell, Parcel, Plan, plan_write
from orderhub.platforms.carriers import CarrierCode, code_of
from orderhub.platforms.client import Client
from orderhub.platforms.payload import all_at, at_path, quotable
from orderhub.platforms.spec import Platform
from orderhub.platforms.writes import Ship

log = structlog.get_logger(__name__)
_ENDED = text("""
    update core.tracking_writes set state = :state, reason = :reason, answer = :answer, ended_at = :now
    where order_id = :order_id and shipment_id = any(:shipments) and state = 'waiting'""")
_WAITS = text("""
    update core.tracking_writes set reason = :reason, answer = :answer, tried_at = :now
    where order_id = :order_id and shipment_id = :shipment_id and state = 'waiting'""")
#: What a refusal says for good; the parcel should come back, or its number is wrong.
_FOR_GOOD = {"closed": "order_closed", "bad_number": "bad_number"}
#: That a part has left says nothing of what this parcel holds.
_LEFT_ALREADY = {"shipped", "done"}


@dataclass(frozen=True)
class Standing:
    """How an order stands at its platform: our word for its status, the tracking numbers it knows."""

    status: str
    numbers: frozenset[str]


@dataclass
class Teller:
    """Tells the platform of one shop; `send` and `ask` may run any number of times for one parcel.

    `carriers` are the platform's, by every word for one. `open_client` is called when something must be
    said; `close` ends what it opened.
    """

    database: Database
    clock: Clock
    shop: Shop | None
    platform: Platform | None
    carriers: Mapping[str, CarrierCode]
    open_client: Callable[[], Client]
    _client: Client | None = field(default=None, init=False)

    def send(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Tell of one parcel, and return what became of it.

        Raises:
            NotTaken: the platform does not take it now; it is tried again.
            RefusedError: it never will; a person is told.
            RetryError: the platform did not answer; asking comes first the next time.
            ShopError: the platform refuses the account.
            ConfigError: nobody said which code the carrier has there.
        """
        parcels = self._parcels(payload)
        parcel, ship = parcels[0], self._ship
        if parcel.state != "waiting":
            return {"state": parcel.state}
        if parcel.tracking_number == NO_NUMBER:
            return self._end([parcel], "by_hand", "no_number")
        if ship is None or self.shop is None or not self.shop.write_back:
            return self._end([parcel], "by_hand", "not_written_back" if ship else "no_method")
        try:
            plan = plan_write(ship, parcels, self._lines(payload), self._codes(parcels))
        except ConfigError as error:
            self._wait(parcel, "unknown_carrier", str(error))
            raise
        if isinstance(plan, NothingToTell):
            # It may have been told with another, by a call whose answer was lost.
            if ship.joined_by and self._is_known(ship, parcel):
                return self._end([parcel], "told", "known_already")
            return self._end([parcel], plan.state, plan.reason)
        return self._tell(ship, plan)

    def ask(self, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what is known of a parcel whose answer was lost; None when the platform does not know it.

        Raises:
            NotTaken: the platform does not say how this order stands.
            RetryError: it did not answer.
        """
        parcel, ship = self._parcels(payload)[0], self._ship
        if parcel.state != "waiting":
            return {"state": parcel.state}
        if ship is None or self.shop is None or not self.shop.write_back:
            return None
        return self._end([parcel], "told", None) if self._is_known(ship, parcel) else None

    def close(self) -> None:
        """Close the client, if one was needed."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def _ship(self) -> Ship | None:
        return self.platform.spec.ship if self.platform is not None else None

    def _client_now(self) -> Client:
        if self._client is None:
            self._client = self.open_client()
        return self._client

    def _parcels(self, payload: Mapping[str, Any]) -> list[Parcel]:
        with self.database.read() as connection:
            rows = connection.execute(statement("core/tracked_parcels"), dict(payload)).mappings().all()
        if not rows or rows[0]["shipment_id"] != payload["shipment_id"]:
            raise RefusedError(f"{payload['shipment_id']} is no parcel of {payload['order_id']} any more")
        return [Parcel(**row) for row in rows]

    def _lines(self, payload: Mapping[str, Any]) -> list[Line]:
        with self.database.read() as connection:
            rows = connection.execute(statement("core/tracked_lines"), dict(payload)).mappings().all()
        return [Line(**row) for row in rows]

    def _codes(self, parcels: Sequence[Parcel]) -> dict[str, CarrierCode]:
        """Return the codes of the carriers of a parcel, and of those that could be told with it.

        Raises:
            ConfigError: the parcel's own carrier has none.
        """
        assert self.platform is not None
        name = self.platform.spec.name
        codes = {parcels[0].carrier_code: code_of(self.carriers, parcels[0].carrier_code, name)}
        for other in parcels[1:]:
            with suppress(ConfigError):
                codes[other.carrier_code] = code_of(self.carriers, other.carrier_code, name)
        return codes

    def _tell(self, ship: Ship, plan: Plan) -> Mapping[str, Any]:
        parcel = plan.parcels[0]
        try:
            self._client_now().call(plan.write, plan.values)
        except NotTaken as answer:
            return self._not_taken(ship, parcel, answer)
        except ContractError as error:
            # Of this order alone, as far as anybody knows: the shop's other parcels go on.
            self._wait(parcel, "unknown_answer", str(error))
            raise NotTaken(str(error), "not_yet") from None
        except ShopError as error:
            self._wait(parcel, "account_refused", str(error))
            raise
        log.info("tracking number told", order_id=parcel.order_id, parcels=len(plan.parcels))
        return self._end(plan.parcels, "told", None)

    def _not_taken(self, ship: Ship, parcel: Parcel, answer: NotTaken) -> Mapping[str, Any]:
        means, said = answer.means, str(answer)
        if means in {"ask", "bad_number"}:
            standing = self._standing(ship, parcel)
            if plain_number(parcel.tracking_number) in standing.numbers:
                return self._end([parcel], "told", "known_already", said)
            if means == "ask" and parcel.order_kind == "sale" and standing.status in _LEFT_ALREADY:
                return self._end([parcel], "told", "shipped_already", said)
            if means == "ask":
                means = "closed" if standing.status == "closed" else "not_yet"
        if means == "done":
            return self._end([parcel], "told", "shipped_already", said)
        if means in _FOR_GOOD:
            self._end([parcel], "refused", _FOR_GOOD[means], said)
            raise RefusedError(said)
        self._wait(parcel, means, said)
        raise NotTaken(said, means)

    def _is_known(self, ship: Ship, parcel: Parcel) -> bool:
        return plain_number(parcel.tracking_number) in self._standing(ship, parcel).numbers

    def _standing(self, ship: Ship, parcel: Parcel) -> Standing:
        assert self.platform is not None
        try:
            found = self._client_now().call(ship.ask, {"order_id": parcel.platform_order_id})
        except ContractError as error:
            raise NotTaken(str(error), "not_yet") from None
        told = at_path(found, ship.ask.order) if ship.ask.order else None
        if told is not None and str(told) != parcel.platform_order_id:
            raise NotTaken(f"{ship.ask.method}: the answer is about another order", "not_yet")
        words = {entry.status: entry.canonical for entry in self.platform.spec.statuses}
        numbers = {str(number) for path in ship.ask.numbers for number in all_at(found, path)}
        for mark in ship.ask.divided_by:
            numbers = {part for number in numbers for part in number.split(mark)}
        numbers = {plain_number(number) for number in numbers}
        return Standing(words.get(str(at_path(found, ship.ask.status)), "unknown"), frozenset(numbers))

    def _end(
        self, parcels: Sequence[Parcel], state: str, reason: str | None, said: str = ""
    ) -> Mapping[str, Any]:
        values = {"shipments": [parcel.shipment_id for parcel in parcels], "state": state}
        self._write(_ENDED, parcels[0], values | {"reason": reason, "answer": quotable(said) or None})
        return {"state": state, "reason": reason}

    def _wait(self, parcel: Parcel, reason: str, said: str) -> None:
        values = {"shipment_id": parcel.shipment_id, "reason": reason, "answer": quotable(said)}
        self._write(_WAITS, parcel, values)

    def _write(self, change: Any, parcel: Parcel, values: Mapping[str, Any]) -> None:
        given = {**values, "order_id": parcel.order_id, "now": self.clock.now()}
        scope = f"tracking:{self.shop.id}" if self.shop is not None else "tracking"
        with hold_scope(self.database, scope) as lease, self.database.transaction(lease) as connection:
            connection.execute(change, given)
