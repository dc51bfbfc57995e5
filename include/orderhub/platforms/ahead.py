"""Fetches the next page while the present one is stored: the network waits for nobody, and nobody for it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Page = TypeVar("Page")


def one_ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """Yield what `pages` yields, in its order, while the one after is fetched in a thread.

    What `pages` raises is raised in its place, after everything before it was yielded.
    """
    with ThreadPoolExecutor(1, "one-ahead") as pool:
        coming = pool.submit(_following, pages)
        while found := coming.result():
            coming = pool.submit(_following, pages)
            yield found[0]


def _following(pages: Iterator[Page]) -> tuple[Page, ...]:
    """Return the next page in a tuple; an empty one at the end."""
    for page in pages:
        return (page,)
    return ()
