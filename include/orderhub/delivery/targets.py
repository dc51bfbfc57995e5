"""Targets of the outbox: how each is sent, and how doubt about a lost answer is resolved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orderhub.clock import Clock
from orderhub.config.store import load_active
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.delivery.mail import build_mail, send_mail
from orderhub.fulfillment.manifest_files import publish
from orderhub.settings import Settings


@dataclass(frozen=True)
class Parcel:
    """One row of the outbox on its way out."""

    outbox_id: str
    target: str
    subject: str
    payload: Mapping[str, Any] = field(repr=False)
    created_at: datetime


@dataclass(frozen=True)
class Target:
    """How one kind of effect leaves.

    Attributes:
        send: sends and returns what the other side answered. Raises `RefusedError` when the other side will
            never take it; any other error of ours means: later.
        ask: after a lost answer, returns what the other side knows of the parcel, or None when it knows
            nothing. Without `ask`, the parcel is sent again: the receiver drops the second by its id.
    """

    send: Callable[[Parcel], Mapping[str, Any]]
    ask: Callable[[Parcel], Mapping[str, Any] | None] | None = None


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

    def manifest_files(parcel: Parcel) -> Mapping[str, Any]:
        return publish(database, clock, settings, parcel.payload)

    return {"manifest_files": Target(manifest_files), "mail": Target(mail)}
