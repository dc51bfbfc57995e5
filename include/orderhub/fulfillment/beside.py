"""Lets two things be done at once where two cores are: deciding beside the server, or two things of its own.

A thread that decides does nothing else: whoever calls keeps the connection, and a signal ends its statements.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
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


def done_beside(items: Sequence[Item], work: Callable[[Item], Result], at_once: int) -> list[Result]:
    """Return what `work` makes of each item, in order; `at_once` threads take the next item when they can.

    What an item raises is raised when those at work have ended; nothing more is begun.
    """
    with ThreadPoolExecutor(at_once, "beside") as threads:
        results = [threads.submit(work, item) for item in items]
        try:
            return [each.result() for each in results]
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
