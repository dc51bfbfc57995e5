"""What of a return that a warehouse confirmed is new, and what of it does not fit what was announced.

Standard library only. Pieces are stock again only as far as they were announced: more than that is a doubt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from orderhub.domain.parcels import Doubt

Grade = Literal["sellable", "defect"]
#: (SKU, grade) → pieces.
Graded = Mapping[tuple[str, Grade], int]


@dataclass(frozen=True, slots=True)
class ExplainedReturn:
    """New pieces by (SKU, grade), and the doubts."""

    taken: Graded
    doubts: tuple[Doubt, ...]


def explain_return(
    planned: Mapping[str, int], known: Graded, reported: Graded, *, is_total: bool
) -> ExplainedReturn:
    """Lay what is reported over what was announced; sellable pieces are taken before defects.

    Args:
        planned: SKU → pieces that may come back.
        known: what was confirmed before.
        reported: what the warehouse says.
        is_total: it says all that has come so far; otherwise only what has come now.
    """
    room = {
        sku: pieces - sum(n for (of, _), n in known.items() if of == sku) for sku, pieces in planned.items()
    }
    taken: dict[tuple[str, Grade], int] = {}
    doubts: list[Doubt] = []
    for (sku, grade), pieces in sorted(
        reported.items(), key=lambda item: (item[0][0], item[0][1] != "sellable")
    ):
        new = pieces - known.get((sku, grade), 0) if is_total else pieces
        figures: dict[str, int | str] = {"sku": sku, "grade": grade, "reported": pieces}
        if new < 0:
            doubts.append(Doubt("regraded_return", f"{sku}/{grade}", figures))
            continue
        here = min(new, max(0, room.get(sku, 0)))
        if here:
            taken[sku, grade] = here
            room[sku] -= here
        if new > here:
            reason = "excess_return" if sku in planned else "unknown_item"
            doubts.append(Doubt(reason, f"{sku}/{grade}", {**figures, "excess": new - here}))
    return ExplainedReturn(taken, tuple(doubts))
