"""Reads a sandbox's shop as anybody could: signed calls, whole orders, page after page, one connection.

What differs between the two protocols stands in `douyin.py` (numbered pages) and `miniprogram.py` (cursor).
"""

import argparse
import importlib
import json
import re
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests


@dataclass(frozen=True)
class Wish:
    """One call: how it is asked for, and the window that it is about."""

    verb: str
    path: str
    start: int
    end: int
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None


def options() -> argparse.Namespace:
    """Return what the benchmark hands to each racer; since and until are epoch seconds."""
    parser = argparse.ArgumentParser()
    for name in ("platform", "shop", "base", "key", "secret", "dsn"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--token", default="")
    for name in ("since", "until"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


def protocol_of(given: argparse.Namespace) -> Any:
    """Return the module that speaks the shop's protocol."""
    return importlib.import_module(given.platform)


def windows(protocol: Any, since: int, until: int) -> Iterator[tuple[int, int]]:
    """Yield the windows that are read."""
    for start in range(since, until, protocol.LONGEST_WINDOW):
        yield start, min(start + protocol.LONGEST_WINDOW, until)


def walk(given: argparse.Namespace, take: Callable[[requests.Response], Any]) -> None:
    """Hand every page to `take`, which returns what the answer says about what follows."""
    protocol = protocol_of(given)
    with requests.Session() as session:
        session.auth = protocol.Signed(given)
        for start, end in windows(protocol, given.since, given.until):
            wish = protocol.first(start, end)
            while wish is not None:
                address = given.base + wish.path
                answer = session.request(wish.verb, address, params=wish.query, json=wish.body, timeout=30)
                answer.raise_for_status()
                wish = protocol.following(wish, take(answer))


def report(orders: int, seconds: float, **more: float) -> None:
    """Print the result as one JSON line."""
    said = {"orders": orders, "seconds": seconds, "peak_mib": peak_mib(), **more}
    sys.stdout.write(json.dumps(said) + "\n")


def peak_mib() -> float:
    """Return the highest memory of this process, and of its greatest child, in MiB.

    `getrusage` would say that of whoever started us, when that is more.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    status = Path("/proc/self/status")
    if not status.exists():
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + children) / 1024
    own = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
    return ((int(own[1]) if own else 0) + children) / 1024
