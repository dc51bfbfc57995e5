"""Which of a rule's warehouses can ship a whole order, against stock that earlier orders have already used.

Standard library only. The answer is a decision; the promise itself is the guarded update in
`orderhub.fulfillment.reserve`, which refuses what another worker took in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: Pieces by SKU.
Needs = Mapping[str, int]
#: A figure so old that it is trusted less.
STALE = "stale"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One warehouse that was looked at.

    Attributes:
        is_chosen: it ships the order; otherwise at least one SKU is short.
        figures: SKU → (pieces needed, pieces available at that moment).
        is_frozen: its stock is being taken; it was not asked.
        old_figures: SKUs whose figure is old, or so old that twice the safety stock is kept back.
    """

    warehouse_id: str
    is_chosen: bool
    figures: Mapping[str, tuple[int, int]]
    is_frozen: bool = False
    old_figures: Mapping[str, str] = field(default_factory=dict)


class Availability:
    """Pieces that can still be promised, kept current while decisions are taken.

    Args:
        on_hand_less_reserved: (warehouse, SKU) → pieces not yet promised.
        safety: (warehouse, SKU or *) → pieces never promised; the exact SKU wins over *.
        old: (warehouse, SKU) → `aged`, or `stale`: that figure counts against twice the safety stock.
        frozen: warehouses whose stock is being taken: nothing is taken from them.
    """

    def __init__(
        self,
        on_hand_less_reserved: Mapping[tuple[str, str], int],
        safety: Mapping[tuple[str, str], int],
        old: Mapping[tuple[str, str], str] | None = None,
        frozen: frozenset[str] = frozenset(),
    ) -> None:
        self._old = old or {}
        self._frozen = frozen
        self._promisable = {
            (warehouse, sku): max(
                0,
                pieces
                - safety.get((warehouse, sku), safety.get((warehouse, "*"), 0))
                * (2 if self._old.get((warehouse, sku)) == STALE else 1),
            )
            for (warehouse, sku), pieces in on_hand_less_reserved.items()
        }

    def of(self, warehouse_id: str, sku_id: str) -> int:
        """Return the pieces of `sku_id` that `warehouse_id` can still promise; never negative."""
        return self._promisable.get((warehouse_id, sku_id), 0)

    def choose(self, warehouses: Sequence[str], needs: Needs) -> list[Candidate]:
        """Take `needs` from the first warehouse that holds all of them.

        Returns:
            The warehouses looked at, in order; the last one is chosen, unless all are short.
        """
        looked_at: list[Candidate] = []
        for warehouse_id in warehouses:
            candidate = self.look(warehouse_id, needs)
            looked_at.append(candidate)
            if candidate.is_chosen:
                for sku_id, pieces in needs.items():
                    self._promisable[warehouse_id, sku_id] -= pieces
                break
        return looked_at

    def look(self, warehouse_id: str, needs: Needs) -> Candidate:
        """Return whether `warehouse_id` holds all of `needs`, with the figures; takes nothing."""
        if warehouse_id in self._frozen:
            return Candidate(warehouse_id, is_chosen=False, figures={}, is_frozen=True)
        figures = {sku: (pieces, self.of(warehouse_id, sku)) for sku, pieces in needs.items()}
        is_enough = all(need <= free for need, free in figures.values())
        old = {sku: age for sku in needs if (age := self._old.get((warehouse_id, sku)))} if self._old else {}
        return Candidate(warehouse_id, is_enough, figures, old_figures=old)
