"""Reads the sandbox's Douyin shop as anybody could: signed calls, whole orders, numbered pages."""

import argparse
import hmac
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests

PAGE_SIZE = 100
LONGEST_WINDOW = 6 * 3600
METHOD, PATH = "order.searchList", "/order/searchList"
SIGNED = ("app_key", "method", "param_json", "timestamp", "v")


def options() -> argparse.Namespace:
    """Return what the benchmark hands to each racer; since and until are epoch seconds."""
    parser = argparse.ArgumentParser()
    for name in ("base", "key", "secret", "token", "dsn"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--since", type=int, required=True)
    parser.add_argument("--until", type=int, required=True)
    return parser.parse_args()


class Signed(requests.auth.AuthBase):
    """Adds the protocol's parameters to the query of a JSON request, and signs its raw body."""

    def __init__(self, key: str, secret: str, token: str) -> None:
        self.key, self.secret, self.token = key, secret, token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one prepared request."""
        body = request.body if isinstance(request.body, str) else (request.body or b"{}").decode()
        values = {"app_key": self.key, "method": METHOD, "timestamp": str(int(time.time())), "v": "2"}
        given = {**values, "param_json": body}
        text = self.secret + "".join(name + given[name] for name in SIGNED) + self.secret
        sign = hmac.new(self.secret.encode(), text.encode(), "sha256").hexdigest()
        address = urlsplit(str(request.url))
        own = {"access_token": self.token, "sign_method": "hmac-sha256", "sign": sign}
        query = urlencode({**dict(parse_qsl(address.query)), **values, **own})
        request.url = urlunsplit((address.scheme, address.netloc, address.path, query, ""))
        return request


def windows(since: int, until: int) -> Iterator[tuple[int, int]]:
    """Yield the windows that are read."""
    for start in range(since, until, LONGEST_WINDOW):
        yield start, min(start + LONGEST_WINDOW, until)


def wish(start: int, end: int) -> dict[str, int | str]:
    """Return the parameters of a window; its last second belongs to it."""
    times = {"update_time_start": start, "update_time_end": end - 1}
    return {**times, "order_by": "update_time", "size": PAGE_SIZE}


def walk(given: argparse.Namespace, take: Callable[[requests.Response], int]) -> None:
    """Hand every page to `take`, which returns the window's total."""
    with requests.Session() as session:
        session.auth = Signed(given.key, given.secret, given.token)
        for start, end in windows(given.since, given.until):
            page, total = 0, 1
            while page * PAGE_SIZE < total:
                asked = {**wish(start, end), "page": page}
                answer = session.post(given.base + PATH, json=asked, timeout=30)
                answer.raise_for_status()
                total = take(answer)
                page += 1


def report(orders: int, seconds: float) -> None:
    """Print the result as one JSON line; peak memory of this process in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"orders": orders, "seconds": seconds, "peak_mib": peak}) + "\n")
