"""Orders of about 1.7 kB: GET with signed headers, a cursor from page to page, at most 200 orders each."""

import argparse
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from backend import Wish

PAGE_SIZE = 200
LONGEST_WINDOW = 24 * 3600
PATH = "/orders"
#: Where rows and cursor stand in an answer, for those who read JSON and for those who only look.
ROOT, ROWS, ID, NEXT = "", "items", "order_no", "next_cursor"
FOLLOWS, ONE_EACH = re.compile(rb'"next_cursor":"([^"]+)"'), b'"order_no"'


class Signed(requests.auth.AuthBase):
    """Adds the protocol's four headers."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.key, self.secret = given.key, given.secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one prepared request."""
        now, nonce = str(int(time.time())), secrets.token_hex(8)
        address = urlsplit(str(request.url))
        named = sorted(parse_qsl(address.query))
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in named)
        parts = (str(request.method), address.path, query, now, nonce, hashlib.sha256(b"").hexdigest())
        sign = hmac.new(self.secret.encode(), "\n".join(parts).encode(), "sha256").hexdigest()
        own = {"Key": self.key, "Timestamp": now, "Nonce": nonce, "Signature": sign}
        request.headers.update({f"X-Shop-{name}": value for name, value in own.items()})
        return request


def first(start: int, end: int) -> Wish:
    """Return the call for the first page of a window; its end is outside."""
    query = {"updated_from": start, "updated_to": end, "limit": PAGE_SIZE}
    return Wish("GET", PATH, start, end, query)


def following(wish: Wish, cursor: Any) -> Wish | None:
    """Return the call for what follows; None when the cursor has ended."""
    return replace(wish, query={**wish.query, "cursor": cursor}) if cursor else None


def dlt_endpoint(start: int, end: int) -> dict[str, Any]:
    """Return a window as dlt's REST source reads it."""
    paginator = {"type": "cursor", "cursor_path": NEXT, "cursor_param": "cursor"}
    return {
        "path": PATH, "params": first(start, end).query, "data_selector": ROWS, "paginator": paginator,
    }  # fmt: skip
