"""Fetches the next page while the present one is stored: the network waits for nobody, and nobody for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Page = TypeVar("Page")


@contextmanager
def one_ahead(pages: Iterator[Page]) -> Iterator[Iterator[Page]]:
    """Yield an iterator over `pages`, in their order, of which the next is fetched in a thread.

    What `pages` raises is raised in its place, after everything before it. However the block ends, no call is
    still under way afterwards.
    """
    with ThreadPoolExecutor(1, "one-ahead") as pool:
        yield _fetched(pool, pages)


def _fetched(pool: ThreadPoolExecutor, pages: Iterator[Page]) -> Iterator[Page]:
    coming = pool.submit(_following, pages)
    while found := coming.result():
        coming = pool.submit(_following, pages)
        yield found[0]


def _following(pages: Iterator[Page]) -> tuple[Page, ...]:
    """Return the next page in a tuple; an empty one at the end."""
    for page in pages:
        return (page,)
    return ()
