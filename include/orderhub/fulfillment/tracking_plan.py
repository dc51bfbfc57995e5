"""Decides what a platform is told of one parcel: which call, with which lines, or why nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderhub.domain.parcels import NO_NUMBER
from orderhub.platforms.carriers import CarrierCode
from orderhub.platforms.encoding import fill
from orderhub.platforms.protocol import placeholders_in
from orderhub.platforms.writes import Ship, Write

#: A number that a person settled was given to the platform by hand.
_KNOWN_THERE = frozenset({"told", "settled"})


@dataclass(frozen=True)
class Parcel:
    """A parcel of an order, and how far telling it is: columns of core/tracked_parcels.sql."""

    shipment_id: str
    order_id: str
    state: str
    reason: str | None
    platform_order_id: str
    tracking_number: str
    carrier_code: str
    shipped_at: datetime
    order_kind: str = "sale"
    platform_refund_id: str | None = None
    has_lines: bool = True


@dataclass(frozen=True)
class Line:
    """A line of the platform that the parcel holds something of: columns of core/tracked_lines.sql."""

    line_id: str
    item_id: str | None
    sku_id: str | None
    ordered: int | None
    pieces: int
    is_bundle: bool
    is_told: bool
    of_order: int


@dataclass(frozen=True)
class Plan:
    """A call, what it holds, and the parcels that are told by it."""

    write: Write
    values: dict[str, Any]
    parcels: tuple[Parcel, ...]


@dataclass(frozen=True)
class NothingToTell:
    """Why the platform is not told of this parcel, and what becomes of its number."""

    reason: str
    state: str = "noted"


def plan_write(
    ship: Ship, parcels: Sequence[Parcel], lines: Sequence[Line], codes: dict[str, CarrierCode]
) -> Plan | NothingToTell:
    """Return how the first of an order's `parcels` is told.

    Args:
        ship: what the platform's spec says.
        parcels: all parcels of the order, the one to tell first.
        lines: the platform's lines in it.
        codes: carrier as the warehouse names it → the platform's code; the first parcel's is there.
    """
    parcel = parcels[0]
    if parcel.order_kind != "sale":
        return _plan_replacement(ship, parcel, lines, codes)
    is_first = not any(other.state in _KNOWN_THERE for other in parcels)
    told = [line for line in lines if not line.is_told or (ship.is_divisible and not line.is_bundle)]
    together: tuple[Parcel, ...] = (parcel,)
    if ship.line is not None and told:
        is_part = ship.part is not None and len(told) < told[0].of_order
        write = ship.part if is_part and ship.part else ship.call
    elif ship.line is None and is_first:
        write = ship.call
        if ship.joined_by is not None:
            waiting = (o for o in parcels if o.state == "waiting" and o.tracking_number != NO_NUMBER)
            together = tuple(other for other in waiting if other.carrier_code in codes)
    elif ship.more is not None and not is_first:
        write = ship.more
    else:
        return NothingToTell(_why_nothing(ship, parcel, lines))
    values = _values(ship, parcel, told) | _numbers(ship, together, codes)
    return Plan(ship.with_answers(write), values, together)


def _plan_replacement(
    ship: Ship, parcel: Parcel, lines: Sequence[Line], codes: dict[str, CarrierCode]
) -> Plan | NothingToTell:
    """Return how the parcel of a replacement is told; the platform's order has a number long since."""
    write = ship.exchange if parcel.order_kind == "exchange" else ship.resend
    is_named = parcel.platform_refund_id is not None
    if write is None or (not is_named and "refund_id" in placeholders_in(write.parameters)):
        return NothingToTell("replacement", "by_hand")
    values = _values(ship, parcel, lines) | _numbers(ship, (parcel,), codes)
    return Plan(ship.with_answers(write), values, (parcel,))


def _why_nothing(ship: Ship, parcel: Parcel, lines: Sequence[Line]) -> str:
    if ship.line is None:
        return "no_more_numbers"
    if not parcel.has_lines:
        return "contents_unsaid"
    return "line_told_before" if lines else "nothing_of_theirs"


def _values(ship: Ship, parcel: Parcel, told: Sequence[Line]) -> dict[str, Any]:
    lines = [fill(ship.line, _line(ship, line)) for line in told]
    name = f"{parcel.shipment_id}|{parcel.order_id}"
    return {
        "order_id": parcel.platform_order_id,
        "refund_id": parcel.platform_refund_id or "",
        # Of letters and digits alone, and never longer, whatever an order's id looks like.
        "parcel": hashlib.sha256(name.encode()).hexdigest()[:32],
        "lines": ",".join(lines) if isinstance(ship.line, str) else lines,
        "shipped_at": parcel.shipped_at,
    }


def _line(ship: Ship, line: Line) -> dict[str, Any]:
    is_whole = line.is_bundle or not ship.is_divisible
    return {
        "line_id": line.line_id,
        "item_id": line.item_id or "",
        "sku_id": line.sku_id or "",
        "quantity": line.ordered or line.pieces if is_whole else line.pieces,
    }


def _numbers(ship: Ship, parcels: Sequence[Parcel], codes: dict[str, CarrierCode]) -> dict[str, Any]:
    by_code: dict[str, list[str]] = {}
    for parcel in parcels:
        by_code.setdefault(codes[parcel.carrier_code].code, []).append(parcel.tracking_number)
    between = ship.joined_by or ""
    code = between.join(by_code)
    return {
        "tracking_number": between.join(",".join(numbers) for numbers in by_code.values()),
        "carrier": code,
        "carrier_number": int(code) if code.isascii() and code.isdecimal() else code,
        "carrier_name": codes[parcels[0].carrier_code].name,
    }
