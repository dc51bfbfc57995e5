"""Records of one shop sorted by their modified second, so that a page costs the page and not the shop."""

from bisect import bisect_left, bisect_right, insort

FIRST = ""
LAST = "\U0010ffff"


class ModifiedIndex:
    """Sorted (epoch second, id) pairs; ties are broken by id."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str]] = []
        self._seconds: dict[str, int] = {}

    def put(self, key: str, second: int) -> None:
        """Enter a record, or move it to its new modified second."""
        old = self._seconds.get(key)
        if old is not None:
            del self._entries[bisect_left(self._entries, (old, key))]
        self._seconds[key] = second
        insort(self._entries, (second, key))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open range of positions whose second lies in the closed window [start, end]."""
        low = bisect_left(self._entries, (start, FIRST))
        return low, max(low, bisect_right(self._entries, (end, LAST)))

    def between(self, low: int, high: int, *, oldest_first: bool) -> list[str]:
        """Return the ids at positions [low, high)."""
        ids = [key for _, key in self._entries[low:high]]
        return ids if oldest_first else ids[::-1]

    def after(self, start: int, end: int, cursor: tuple[int, str], size: int) -> list[tuple[int, str]]:
        """Return up to `size` (second, id) pairs of the closed window that follow `cursor`, oldest first."""
        low, high = self.span(start, end)
        first = max(low, bisect_right(self._entries, cursor))
        return self._entries[first : min(high, first + size)]
