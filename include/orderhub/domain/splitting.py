"""Which two warehouses can ship an order that none can ship whole. Standard library only.

A unit never parts: a bundle with its parts, what was bought with the gifts that it earned.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orderhub.domain.inventory import Availability, Candidate, Needs, Verdict


@dataclass(frozen=True)
class Unit:
    """Lines that leave together, in the order of the order.

    Attributes:
        line_ids: the lines.
        needs: SKU → pieces.
        paid_fen: what was paid for them, fen.
    """

    line_ids: tuple[str, ...]
    needs: Needs
    paid_fen: int


@dataclass(frozen=True)
class Part:
    """What one of the two warehouses ships."""

    candidate: Candidate
    line_ids: tuple[str, ...]
    paid_fen: int


def split_in_two(
    warehouses: Sequence[str],
    units: Sequence[Unit],
    availability: Availability,
    least_fen: int,
    *,
    is_counted: bool = True,
) -> tuple[Part, Part] | None:
    """Return the two parts, taking their pieces from `availability`; None when there are none that may be.

    The first warehouse ships every unit that it can fill, in the order of the order; the next one that holds
    all of the rest ships that. Both parts must have been paid with `least_fen` or more. `is_counted`: whether
    the documents use up capacity.
    """
    for first in warehouses:
        here, rest = _laid(first, units, availability)
        if not here or not rest or min(_paid(here), _paid(rest)) < least_fen:
            continue
        for second in warehouses:
            if second != first and availability.look(second, _needs(rest)).why is Verdict.CHOSEN:
                return (
                    _take(first, here, availability, is_counted=is_counted),
                    _take(second, rest, availability, is_counted=is_counted),
                )
    return None


def _laid(warehouse: str, units: Sequence[Unit], availability: Availability) -> tuple[list[Unit], list[Unit]]:
    """Return the units that a warehouse can fill together, and the others."""
    here: list[Unit] = []
    rest: list[Unit] = []
    for unit in units:
        is_filled = availability.look(warehouse, _needs([*here, unit])).why is Verdict.CHOSEN
        (here if is_filled else rest).append(unit)
    return here, rest


def _take(warehouse: str, units: Sequence[Unit], availability: Availability, *, is_counted: bool) -> Part:
    candidate = availability.choose([warehouse], _needs(units), is_counted=is_counted)[-1]
    return Part(candidate, tuple(line for unit in units for line in unit.line_ids), _paid(units))


def _needs(units: Sequence[Unit]) -> Needs:
    pieces: Counter[str] = Counter()
    for unit in units:
        pieces.update(unit.needs)
    return pieces


def _paid(units: Sequence[Unit]) -> int:
    return sum(unit.paid_fen for unit in units)
