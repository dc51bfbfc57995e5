"""Which lines of a fulfillment order the parcels that a warehouse reports hold, and what of it does not fit.

Standard library only. A repeated parcel is nothing new; pieces that nobody ordered are a doubt, no shipment.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

#: A carrier's number has nothing but these, and digits; a note or a cell that says "none" is no number.
_NUMBER = re.compile(r"(?=[A-Z-]*[0-9])[0-9A-Z][0-9A-Z-]{0,59}", re.ASCII)
#: What no number has, but for people and programs that write one.
_NOTHING = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff]+")
#: Characters of what is no number that a doubt holds.
_MOST_QUOTED = 60
#: Stands for the number of a parcel that a person says has left and nobody knows the number of.
NO_NUMBER = "-"


def plain_number(said: str) -> str:
    """Return a tracking number as all write it: half width, capitals, no blanks; what is none stays odd."""
    return _NOTHING.sub("", unicodedata.normalize("NFKC", said)).upper()


def is_number(plain: str) -> bool:
    """Return whether a carrier may have such a number, as `plain_number` gives it."""
    return _NUMBER.fullmatch(plain) is not None


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line of the document: what it wants, and how much of it has left before."""

    line_id: str
    sku_id: str
    quantity: int
    shipped: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel as reported.

    Attributes:
        tracking_number: empty where the warehouse gave none; `NO_NUMBER` where a person says that it left.
        carrier_code: as the warehouse names the carrier.
        shipped_at: by the warehouse's clock.
        pieces: SKU → pieces inside; None: everything that had not left.
        weight_g: grams; None where it was not weighed.
        unreadable: what the warehouse wrote where pieces belong and nobody can read; empty where it is clear.
    """

    tracking_number: str
    carrier_code: str
    shipped_at: datetime
    pieces: Mapping[str, int] | None = None
    weight_g: int | None = None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What does not fit; `detail` tells one from another of the same reason."""

    reason: str
    detail: str
    figures: Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class Explained:
    """New parcels with their (line, pieces), none where others hold all there is, and the doubts."""

    taken: tuple[tuple[Parcel, tuple[tuple[str, int], ...]], ...]
    doubts: tuple[Doubt, ...]


def by_number(parcels: Iterable[Parcel]) -> tuple[Parcel, ...]:
    """Return one parcel for each number, with what is in all of its boxes; those without one as they are."""
    found: dict[str, Parcel] = {}
    for place, parcel in enumerate(parcels):
        key = parcel.tracking_number or f" {place}"
        first = found.get(key)
        found[key] = parcel if first is None else _together(first, parcel)
    return tuple(found.values())


def _together(first: Parcel, second: Parcel) -> Parcel:
    pieces: Counter[str] | None = None
    if first.pieces is not None and second.pieces is not None:
        pieces = Counter(first.pieces) + Counter(second.pieces)
    weights = (first.weight_g, second.weight_g)
    weight_g = None if None in weights else sum(filter(None, weights))
    unreadable = first.unreadable or second.unreadable
    return replace(first, pieces=pieces, weight_g=weight_g, unreadable=unreadable)


def explain_parcels(
    lines: Sequence[DocumentLine],
    known: Iterable[str],
    reported: Sequence[Parcel],
    *,
    is_final: bool,
    of_others: Mapping[str, str] | None = None,
) -> Explained:
    """Lay the reported parcels over the lines, in the order of both; those that name no pieces come last.

    Args:
        lines: of the document.
        known: tracking numbers that were recorded before.
        reported: every parcel the warehouse knows of; also those known.
        is_final: the warehouse says that nothing more will leave.
        of_others: numbers that the parcel of another buyer has → its document.
    """
    left = {line.line_id: line.quantity - line.shipped for line in lines}
    seen, taken, doubts = set(known), [], []
    is_clear = True
    for parcel in sorted(reported, key=lambda one: one.pieces is None):
        if parcel.tracking_number in seen:
            continue
        odd = _oddness(parcel, of_others or {})
        if odd is not None:
            is_clear = False
            doubts.append(odd)
            continue
        seen.add(parcel.tracking_number)
        inside, strange = _laid(lines, left, parcel)
        doubts += strange
        if inside or (parcel.pieces is None and lines):
            taken.append((parcel, inside))
    if is_final and is_clear and any(left.values()):
        short = {line.sku_id: left[line.line_id] for line in lines if left[line.line_id]}
        doubts.append(Doubt("short_shipped", ",".join(sorted(short)), short))
    return Explained(tuple(taken), tuple(doubts))


def _oddness(parcel: Parcel, of_others: Mapping[str, str]) -> Doubt | None:
    """Return what keeps a parcel from being taken: nobody knows what left by which number."""
    number = parcel.tracking_number
    if not number:
        return Doubt("no_tracking_number", parcel.carrier_code or "-", {})
    if number != NO_NUMBER and not is_number(number):
        return Doubt("odd_tracking_number", number[:_MOST_QUOTED], {"number": number[:_MOST_QUOTED]})
    if number in of_others:
        return Doubt("number_of_another", number, {"number": number, "document": of_others[number]})
    if parcel.unreadable:
        return Doubt("unreadable_quantity", number, {"reported": parcel.unreadable})
    return None


def _laid(
    lines: Sequence[DocumentLine], left: dict[str, int], parcel: Parcel
) -> tuple[tuple[tuple[str, int], ...], list[Doubt]]:
    if parcel.pieces is None:
        inside = tuple((line_id, pieces) for line_id, pieces in left.items() if pieces)
        left.update(dict.fromkeys(left, 0))
        return inside, []
    found: list[tuple[str, int]] = []
    doubts: list[Doubt] = []
    for sku_id, pieces in parcel.pieces.items():
        rest = pieces
        for line in (line for line in lines if line.sku_id == sku_id):
            here = min(rest, left[line.line_id])
            if here > 0:
                found.append((line.line_id, here))
                left[line.line_id] -= here
                rest -= here
        if rest > 0:
            reason = "excess_pieces" if any(line.sku_id == sku_id for line in lines) else "unknown_item"
            figures: dict[str, int | str] = {"sku": sku_id, "reported": pieces, "excess": rest}
            doubts.append(Doubt(reason, f"{parcel.tracking_number}/{sku_id}", figures))
    return tuple(found), doubts
