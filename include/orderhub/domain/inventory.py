"""Which of a rule's warehouses can ship a whole order, against stock that earlier orders have already used.

Standard library only. The answer is a decision; the promise itself is the guarded update in
`orderhub.fulfillment.reserve`, which refuses what another worker took in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

#: Pieces by SKU.
Needs = Mapping[str, int]
#: A figure so old that it is trusted less.
STALE = "stale"
#: A figure that its warehouse's system no longer gives, though it gave others: nothing is promised from it.
LEFT_OUT = "left_out"


class Verdict(StrEnum):
    """What became of a warehouse that was looked at."""

    CHOSEN = "chosen"
    SHORT = "short"
    FROZEN = "frozen"
    CLOSED = "closed"
    FULL = "full"
    NO_CUSTOMS = "no_customs"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One warehouse that was looked at.

    Attributes:
        why: it ships the order, at least one SKU is short, or it was not asked at all.
        figures: SKU → (pieces needed, pieces available at that moment); empty when it was not asked.
        old_figures: SKUs whose figure is old, and how: `aged`, `stale` or `left_out`.
    """

    warehouse_id: str
    why: Verdict
    figures: Mapping[str, tuple[int, int]]
    old_figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_chosen(self) -> bool:
        """Return whether it ships the order."""
        return self.why is Verdict.CHOSEN


class Availability:
    """Pieces that can still be promised, kept current while decisions are taken.

    Args:
        on_hand_less_reserved: (warehouse, SKU) → pieces not yet promised.
        safety: (warehouse, SKU or *) → pieces never promised; the exact SKU wins over *.
        old: (warehouse, SKU) → `aged`, or `stale`: that figure counts against twice the safety stock, or
            `left_out`: nothing is promised from it.
        barred: warehouses that nothing is taken from now, and why.
        capacity: warehouse → documents that it still takes today; one that is missing takes any number.
    """

    def __init__(
        self,
        on_hand_less_reserved: Mapping[tuple[str, str], int],
        safety: Mapping[tuple[str, str], int],
        old: Mapping[tuple[str, str], str] | None = None,
        barred: Mapping[str, Verdict] | None = None,
        capacity: Mapping[str, int] | None = None,
    ) -> None:
        self._old = old or {}
        self._barred = barred or {}
        self._capacity = dict(capacity or {})
        self._safety = safety
        self._promisable = {
            key: 0 if self._old.get(key) == LEFT_OUT else max(0, pieces - self.kept_back(*key))
            for key, pieces in on_hand_less_reserved.items()
        }

    def of(self, warehouse_id: str, sku_id: str) -> int:
        """Return the pieces of `sku_id` that `warehouse_id` can still promise; never negative."""
        return self._promisable.get((warehouse_id, sku_id), 0)

    def kept_back(self, warehouse_id: str, sku_id: str) -> int:
        """Return the pieces that are never promised: the safety stock, twice where the figure is stale."""
        floor = self._safety.get((warehouse_id, sku_id), self._safety.get((warehouse_id, "*"), 0))
        return floor * 2 if self._old.get((warehouse_id, sku_id)) == STALE else floor

    def choose(self, warehouses: Sequence[str], needs: Needs, *, is_counted: bool = True) -> list[Candidate]:
        """Take `needs` from the first warehouse that holds all of them.

        Args:
            warehouses: in the order in which they are tried.
            needs: of the whole order.
            is_counted: whether the document uses up capacity.

        Returns:
            The warehouses looked at, in order; the last one is chosen, unless none can.
        """
        looked_at: list[Candidate] = []
        for warehouse_id in warehouses:
            candidate = self.look(warehouse_id, needs)
            looked_at.append(candidate)
            if candidate.why is Verdict.CHOSEN:
                for sku_id, pieces in needs.items():
                    self._promisable[warehouse_id, sku_id] -= pieces
                if is_counted and warehouse_id in self._capacity:
                    self._capacity[warehouse_id] -= 1
                break
        return looked_at

    def look(self, warehouse_id: str, needs: Needs) -> Candidate:
        """Return whether `warehouse_id` holds all of `needs`, with the figures; takes nothing."""
        barred = self._barred.get(warehouse_id)
        if barred is None and self._capacity.get(warehouse_id, 1) <= 0:
            barred = Verdict.FULL
        if barred is not None:
            return Candidate(warehouse_id, barred, {})
        figures, is_enough = {}, True
        for sku, pieces in needs.items():
            free = self._promisable.get((warehouse_id, sku), 0)
            figures[sku] = (pieces, free)
            is_enough = is_enough and pieces <= free
        old = {sku: age for sku in needs if (age := self._old.get((warehouse_id, sku)))} if self._old else {}
        return Candidate(warehouse_id, Verdict.CHOSEN if is_enough else Verdict.SHORT, figures, old)
