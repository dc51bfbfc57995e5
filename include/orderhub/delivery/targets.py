"""Targets of the outbox: how each is sent, and how doubt about a lost answer is resolved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.config.store import load_active
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.delivery.chat import build_chat
from orderhub.delivery.mail import build_mail, send_mail
from orderhub.delivery.robots import say
from orderhub.delivery.shops import TRACKING, ShopLane, stock_teller
from orderhub.errors import RefusedError
from orderhub.fulfillment.manifest_files import PARTS, publish
from orderhub.fulfillment.sellable import STOCK
from orderhub.fulfillment.stock_push import StockTeller
from orderhub.fulfillment.waybill.account import open_waybill_desk
from orderhub.fulfillment.waybill.errands import CancelWaybill, GetWaybills, give_up
from orderhub.fulfillment.wms.account import open_account
from orderhub.fulfillment.wms.handover import HandOver
from orderhub.fulfillment.wms.recall import Recall
from orderhub.fulfillment.wms.returns import ReturnOrder
from orderhub.settings import Settings

#: Files for people, which take minutes when a manifest is large: nothing else waits for them.
SLOW = frozenset({"manifest_books"})
_LANES = text("""
    select distinct target from ops.outbox
    where starts_with(target, :prefix) and state in ('pending', 'claimed', 'unknown')""")


@dataclass(frozen=True)
class Parcel:
    """One row of the outbox on its way out."""

    outbox_id: str
    target: str
    subject: str
    payload: Mapping[str, Any] = field(repr=False)
    created_at: datetime
    attempts: int = 0


@dataclass(frozen=True)
class Target:
    """How one kind of effect leaves.

    Attributes:
        send: sends and returns what the other side answered. Raises `RefusedError` when the other side will
            never take it; any other error of ours means: later.
        close: ends what sending opened, when nothing more is sent.
        is_bulk: comes in thousands: it is sent when nothing else waits.
        ask: after a lost answer, returns what the other side knows of the parcel, or None when it knows
            nothing. Without `ask`, the parcel is sent again: the receiver drops the second by its id, or it
            may come twice (chat robots: at least once).
    """

    send: Callable[[Parcel], Mapping[str, Any]]
    ask: Callable[[Parcel], Mapping[str, Any] | None] | None = None
    close: Callable[[], None] = lambda: None
    is_bulk: bool = False


def shipped_targets(database: Database, clock: Clock, settings: Settings) -> Mapping[str, Target]:
    """Return target name → how it is sent, for the targets that the hub itself serves."""

    def mail(parcel: Parcel) -> Mapping[str, Any]:
        sender = parcel.payload.get("sender") or load_active(database).alerts.sender
        message = build_mail(
            parcel.outbox_id,
            parcel.created_at,
            parcel.payload,
            sender=sender,
            language=settings.language,
            airflow_url=settings.airflow_url,
        )
        return send_mail(load_connection("smtp_default", settings.connections), message)

    def robot(parcel: Parcel) -> Mapping[str, Any]:
        robots = {f"robot:{known.id}": known for known in load_active(database).alerts.robots}
        if parcel.target not in robots:
            raise RefusedError(f"{parcel.target} is no longer in alerts.yaml; nobody is left to tell")
        known = robots[parcel.target]
        said = build_chat(parcel.payload, parcel.attempts, settings.language, settings.airflow_url)
        return say(known.kind, load_connection(known.connection, settings.connections), said, clock.now())

    def errand(parcel: Parcel) -> HandOver | Recall | ReturnOrder:
        kinds: dict[str, type[HandOver | Recall | ReturnOrder]] = {
            "create": HandOver, "cancel": Recall, "return": ReturnOrder
        }  # fmt: skip
        config = load_active(database)
        return kinds[parcel.payload["do"]](
            database, clock, open_account(clock, settings, config, parcel.payload["warehouse_id"])
        )

    def to_wms(parcel: Parcel) -> Mapping[str, Any]:
        return errand(parcel).send(parcel.payload)

    def ask_wms(parcel: Parcel) -> Mapping[str, Any] | None:
        return errand(parcel).ask(parcel.payload)

    lanes = {lane: Target(robot) for lane in _lanes(database, "robot:")}
    lanes |= {lane: Target(to_wms, ask_wms) for lane in _lanes(database, "wms:")}
    lanes |= dict.fromkeys(_lanes(database, "waybill:"), _waybills(database, clock, settings))
    for lane in _lanes(database, TRACKING):
        lanes[lane] = _shop(ShopLane(database, clock, settings, lane.removeprefix(TRACKING)))
    for lane in _lanes(database, STOCK):
        stock = stock_teller(database, clock, settings, lane.removeprefix(STOCK))
        lanes[lane] = Target(_telling(stock), close=stock.close, is_bulk=True)
    files = manifest_targets(database, clock, settings)
    return {**{target: files[target] for target in files.keys() - SLOW}, "mail": Target(mail), **lanes}


def manifest_targets(database: Database, clock: Clock, settings: Settings) -> Mapping[str, Target]:
    """Return target name → how it is sent, for files of manifests; those of `SLOW` are delivered apart."""

    def files(parcel: Parcel) -> Mapping[str, Any]:
        return publish(database, clock, settings, parcel.payload, PARTS[parcel.target])

    return {target: Target(files) for target in PARTS}


def _waybills(database: Database, clock: Clock, settings: Settings) -> Target:
    def errand(parcel: Parcel) -> GetWaybills | CancelWaybill:
        kinds: dict[str, type[GetWaybills | CancelWaybill]] = {"get": GetWaybills, "cancel": CancelWaybill}
        config = load_active(database)
        try:
            desk = open_waybill_desk(clock, settings, config, parcel.payload["carrier_id"])
        except RefusedError as gone:
            give_up(database, clock, config, parcel.payload, str(gone))
            raise
        return kinds[parcel.payload["do"]](database, clock, config, desk)

    return Target(
        send=lambda parcel: errand(parcel).send(parcel.payload),
        ask=lambda parcel: errand(parcel).ask(parcel.payload),
    )


def _shop(lane: ShopLane) -> Target:
    return Target(
        lambda parcel: lane.send(parcel.payload),
        lambda parcel: lane.ask(parcel.payload),
        lane.close,
        is_bulk=True,
    )


def _telling(teller: StockTeller) -> Callable[[Parcel], Mapping[str, Any]]:
    return lambda parcel: teller.send(parcel.payload)


def _lanes(database: Database, prefix: str) -> list[str]:
    """Return a lane per robot, WMS or shop that something waits for: one out of reach holds up no other."""
    with database.read() as connection:
        return list(connection.execute(_LANES, {"prefix": prefix}).scalars())
