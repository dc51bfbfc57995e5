"""Budgets of calls: so many of a method in so many seconds, for an application or for each shop."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """`calls` of `method` (`*` = all together) within any `seconds`; `per_shop`: counted for each shop."""

    method: str
    calls: int
    seconds: float
    per_shop: bool = True


@dataclass(slots=True)
class Budget:
    """The limits of one gateway and the calls they count."""

    limits: tuple[Limit, ...] = ()
    _made: dict[tuple[Limit, str], deque[float]] = field(default_factory=dict)

    def spend(self, method: str, shop_id: str, now: datetime) -> float:
        """Count a call; return 0, or the seconds after which it would have been allowed."""
        moment = now.timestamp()
        mine = [limit for limit in self.limits if limit.method in {"*", method}]
        queues = [self._queue(limit, shop_id, moment) for limit in mine]
        waits = [
            queue[0] + limit.seconds - moment
            for limit, queue in zip(mine, queues, strict=True)
            if len(queue) >= limit.calls
        ]
        if waits:
            return max(waits)
        for queue in queues:
            queue.append(moment)
        return 0.0

    def _queue(self, limit: Limit, shop_id: str, moment: float) -> deque[float]:
        queue = self._made.setdefault((limit, shop_id if limit.per_shop else ""), deque())
        while queue and queue[0] <= moment - limit.seconds:
            queue.popleft()
        return queue
