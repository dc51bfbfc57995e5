"""How fast the sandbox serves when nobody stores anything: the race counts only if that is far faster."""

import time
from typing import Any

import requests
from backend import options, protocol_of, report, walk


def main() -> None:
    """Read every page and look only for what follows."""
    given = options()
    protocol = protocol_of(given)
    orders, bytes_read = 0, 0

    def take(answer: requests.Response) -> Any:
        nonlocal orders, bytes_read
        orders += answer.content.count(protocol.ONE_EACH)
        bytes_read += len(answer.content)
        found = protocol.FOLLOWS.search(answer.content)
        return found[1].decode() if found else None

    started = time.perf_counter()
    walk(given, take)
    report(orders, time.perf_counter() - started, bytes_read=bytes_read)


if __name__ == "__main__":
    main()
