"""Times a step of a measurement, and watches what memory it takes."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orderhub.operate.processes import descendants, pss_mib

#: Between two looks at the memory, and how much of one core looking may take.
_REST_SECONDS, _WATCHING_SHARE = 0.5, 0.02
#: Receives a line of progress.
Say = Callable[[str], None]


@contextmanager
def timed(say: Say, what: str) -> Iterator[list[float]]:
    """Yield a list that holds the seconds of the block when it has ended; says them too."""
    took: list[float] = []
    began = time.monotonic()
    yield took
    took.append(time.monotonic() - began)
    say(f"{what}: {took[0]:.1f} s")


@contextmanager
def watching() -> Iterator[list[float]]:
    """Yield a list that grows by the memory of this process and its servers (PSS, MiB) during the block.

    To count shared pages the kernel walks them for each process: with a server that holds gigabytes a look
    takes tenths of a second of the cores that are measured. A longer look is followed by a longer rest.
    """
    seen, over = [0.0], threading.Event()

    def watch() -> None:
        rest = _REST_SECONDS
        while not over.wait(rest):
            began = time.thread_time()
            seen.append(sum(map(pss_mib, descendants(os.getpid()))))
            rest = max(_REST_SECONDS, (time.thread_time() - began) / _WATCHING_SHARE)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
