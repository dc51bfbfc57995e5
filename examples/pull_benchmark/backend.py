"""Reads the sandbox's mini-program shop as anybody could: signed GET requests, pages by cursor."""

import argparse
import hashlib
import hmac
import json
import resource
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, urlsplit

import requests

PAGE_SIZE = 200
LONGEST_WINDOW = 86_400


def options() -> argparse.Namespace:
    """Return what the benchmark hands to each racer; since and until are epoch seconds."""
    parser = argparse.ArgumentParser()
    for name in ("base", "key", "secret", "dsn"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--since", type=int, required=True)
    parser.add_argument("--until", type=int, required=True)
    return parser.parse_args()


class Signed(requests.auth.AuthBase):
    """Signs each request as the shop's backend asks."""

    def __init__(self, key: str, secret: str) -> None:
        self.key, self.secret = key, secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add key, time, nonce and signature."""
        address = urlsplit(request.url or "")
        pairs = sorted(parse_qsl(str(address.query), keep_blank_values=True))
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        lines = ["GET", str(address.path), query, stamp, nonce, hashlib.sha256(b"").hexdigest()]
        request.headers["X-Shop-Key"] = self.key
        request.headers["X-Shop-Timestamp"] = stamp
        request.headers["X-Shop-Nonce"] = nonce
        request.headers["X-Shop-Signature"] = hmac.new(
            self.secret.encode(), "\n".join(lines).encode(), "sha256"
        ).hexdigest()
        return request


def windows(since: int, until: int) -> Iterator[tuple[int, int]]:
    """Yield windows of at most a day."""
    for start in range(since, until, LONGEST_WINDOW):
        yield start, min(start + LONGEST_WINDOW, until)


def walk(given: argparse.Namespace, take: Callable[[requests.Response], str | None]) -> None:
    """Hand every page to `take`, which returns the next cursor or None."""
    with requests.Session() as session:
        session.auth = Signed(given.key, given.secret)
        for start, end in windows(given.since, given.until):
            query = {"updated_from": str(start), "updated_to": str(end), "limit": str(PAGE_SIZE)}
            cursor: str | None = ""
            while cursor is not None:
                asked = {**query, "cursor": cursor} if cursor else query
                answer = session.get(f"{given.base}/orders", params=asked, timeout=30)
                answer.raise_for_status()
                cursor = take(answer)


def report(orders: int, seconds: float) -> None:
    """Print the result as one JSON line; peak memory of this process in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"orders": orders, "seconds": seconds, "peak_mib": peak}) + "\n")
