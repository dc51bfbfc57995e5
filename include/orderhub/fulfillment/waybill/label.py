"""What is asked of a waybill service and what it gives, in our words; each service speaks its own protocol.

A receiver is told by the platform's token, region and masks. Nothing plain is ever sent or kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row

from orderhub.config.models import Sender

#: How a service says that a label was taken back before.
_VOID_ALREADY = re.compile("已经?(取消|作废|回收)|(already|been) (cancell?ed|void)|is void", re.IGNORECASE)
#: A service wants these also where we may not say them.
_UNSAID = "***"


@dataclass(frozen=True)
class Place:
    """Where a parcel goes."""

    province: str
    city: str
    district: str
    town: str
    detail: str


@dataclass(frozen=True)
class LabelRequest:
    """One label that is asked for.

    Attributes:
        object_id: our id at the service; the same again is the same label.
        channel: the platform in the service's words.
        platform_order_ids: of all orders in the parcel; the receiver's token is the first one's.
        token: the platform's token of the receiver.
        cod_fen: what the courier collects; 0: nothing.
        tracking_number: what we know it by, when it is to be taken back.
    """

    object_id: str
    channel: str
    platform_order_ids: Sequence[str]
    sender: Sender
    name: str
    phone: str
    place: Place
    token: str = field(repr=False)
    items: Sequence[tuple[str, int]]
    weight_g: int
    value_fen: int
    cod_fen: int
    requested_at: datetime
    tracking_number: str | None = None


@dataclass(frozen=True)
class Label:
    """One label as the service gave it; `data` is sealed for the printer."""

    object_id: str
    tracking_number: str
    template: str
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Answers:
    """What a service said to some requests.

    Attributes:
        labels: those that it made, or had made before.
        refused: object id → why it will never make one.
    """

    labels: Sequence[Label] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


class WaybillService(Protocol):
    """One account at one service. Every call may raise `RetryError` (nothing is known), `CredentialError`."""

    def get(self, requests: Sequence[LabelRequest]) -> Answers:
        """Ask for labels."""

    def find(self, request: LabelRequest) -> Label | None:
        """Return the label that an earlier call made, None when there is none."""

    def cancel(self, request: LabelRequest) -> None:
        """Take the label with the request's tracking number back; again is fine."""


def label_request(
    lines: Sequence[Row[Any]], channel: str, sender: Sender, *, is_masked: bool
) -> LabelRequest:
    """Return the request of one parcel: `lines` are all lines of it, of one document or of several."""
    first = lines[0]
    shown = (first.name_masked, first.phone_masked, first.address_masked) if is_masked else (None,) * 3
    name, phone, address = (value or _UNSAID for value in shown)
    return LabelRequest(
        object_id=first.object_id,
        channel=channel,
        platform_order_ids=list(dict.fromkeys(line.platform_order_id for line in lines)),
        sender=sender,
        name=name,
        phone=phone,
        place=Place(
            first.province or _UNSAID,
            first.city or first.district or first.province or _UNSAID,
            first.district or "",
            first.town or "",
            address,
        ),
        token=first.token or "",
        items=[(line.title, line.quantity) for line in lines],
        weight_g=sum({line.document: line.weight_g or 0 for line in lines}.values()),
        value_fen=sum(line.paid_fen for line in lines),
        cod_fen=first.cod_fen,
        requested_at=first.requested_at,
        tracking_number=first.tracking_number,
    )


def is_void(said: str) -> bool:
    """Return whether a service's words mean that a label was taken back before."""
    return _VOID_ALREADY.search(said) is not None


def yuan(fen: int) -> str:
    """Return fen as decimal text in yuan."""
    return f"{fen // 100}.{fen % 100:02d}"
