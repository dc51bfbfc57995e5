"""How fast the sandbox serves when nobody stores anything: the race counts only if that is far faster."""

import re
import time

import requests
from backend import PAGE_SIZE, options, report, walk


def main() -> None:
    """Read every page and look only for the window's total."""
    given = options()
    pages: list[int] = []

    def take(answer: requests.Response) -> int:
        found = re.search(rb'"total":(\d+)', answer.content)
        pages.append(answer.content.count(b'"shop_name"') or PAGE_SIZE)
        return int(found[1]) if found else 0

    started = time.perf_counter()
    walk(given, take)
    report(sum(pages), time.perf_counter() - started)


if __name__ == "__main__":
    main()
