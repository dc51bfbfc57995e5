"""Lets Python decide while the server reads and writes: both have a core then.

The thread decides and nothing else: whoever calls keeps the connection, and a signal ends its statements.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def worked_beside(items: Iterable[Item], work: Callable[[Item], Result]) -> Iterator[Result]:
    """Yield what `work` makes of each item, in order.

    Another thread works on one item while the caller deals with what came of the one before and fetches the
    next. It works on one at a time, so `work` may keep a count.
    """
    with ThreadPoolExecutor(1, "decide") as thread:
        before: Future[Result] | None = None
        for item in items:
            following = thread.submit(work, item)
            if before is not None:
                yield before.result()
            before = following
        if before is not None:
            yield before.result()
