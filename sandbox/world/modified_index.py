"""Orders of one shop sorted by their modified second, so that a page costs the page and not the shop."""

from bisect import bisect_left, bisect_right, insort

FIRST_TID = 0
LAST_TID = 10**20


class ModifiedIndex:
    """Sorted (epoch second, tid) pairs; ties are broken by tid."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, int]] = []

    def add(self, second: int, tid: int) -> None:
        """Enter an order."""
        insort(self._entries, (second, tid))

    def move(self, tid: int, old_second: int, new_second: int) -> None:
        """Move an order to its new modified second."""
        del self._entries[bisect_left(self._entries, (old_second, tid))]
        self.add(new_second, tid)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open range of positions whose second lies in the closed window [start, end]."""
        low = bisect_left(self._entries, (start, FIRST_TID))
        return low, max(low, bisect_right(self._entries, (end, LAST_TID)))

    def tids(self, low: int, high: int) -> list[int]:
        """Return the tids at positions [low, high), newest first."""
        return [tid for _, tid in reversed(self._entries[max(low, 0) : max(high, 0)])]
