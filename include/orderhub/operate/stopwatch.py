"""Times a step of a measurement, and watches what memory it takes."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orderhub.operate.processes import descendants, pss_mib

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
    """Yield a list that grows by the memory of this process and its servers (PSS, MiB) during the block."""
    seen, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            seen.append(sum(map(pss_mib, descendants(os.getpid()))))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
