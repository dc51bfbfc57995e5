"""How fast the sandbox serves when nobody stores anything: the race counts only if that is far faster."""

import re
import time

import requests
from backend import options, report, walk


def main() -> None:
    """Read every page and look only for the next cursor."""
    given = options()
    orders = 0

    def take(answer: requests.Response) -> str | None:
        nonlocal orders
        orders += answer.content.count(b'"order_no"')
        found = re.search(rb'"next_cursor":"([^"]+)"', answer.content[-200:])
        return found[1].decode() if found else None

    started = time.perf_counter()
    walk(given, take)
    report(orders, time.perf_counter() - started)


if __name__ == "__main__":
    main()
