"""Orders of about 5.5 kB: POST with a signed query, pages numbered from 0, at most 100 orders each."""

import argparse
import hmac
import re
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from backend import Wish

PAGE_SIZE = 100
LONGEST_WINDOW = 6 * 3600
METHOD, PATH = "order.searchList", "/order/searchList"
SIGNED = ("app_key", "method", "param_json", "timestamp", "v")
#: Where rows and total stand in an answer, for those who read JSON and for those who only look.
ROOT, ROWS, ID, NEXT = "data", "shop_order_list", "order_id", "total"
FOLLOWS, ONE_EACH = re.compile(rb'"total":(\d+)'), b'"shop_name"'


class Signed(requests.auth.AuthBase):
    """Adds the protocol's parameters to the query of a JSON request, and signs its raw body."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.key, self.secret, self.token = given.key, given.secret, given.token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one prepared request."""
        body = request.body if isinstance(request.body, str) else (request.body or b"{}").decode()
        values = {"app_key": self.key, "method": METHOD, "timestamp": str(int(time.time())), "v": "2"}
        named = {**values, "param_json": body}
        text = self.secret + "".join(name + named[name] for name in SIGNED) + self.secret
        sign = hmac.new(self.secret.encode(), text.encode(), "sha256").hexdigest()
        address = urlsplit(str(request.url))
        own = {"access_token": self.token, "sign_method": "hmac-sha256", "sign": sign}
        query = urlencode({**dict(parse_qsl(address.query)), **values, **own})
        request.url = urlunsplit((address.scheme, address.netloc, address.path, query, ""))
        return request


def first(start: int, end: int) -> Wish:
    """Return the call for the first page of a window; its last second belongs to it."""
    times = {"update_time_start": start, "update_time_end": end - 1}
    body = {**times, "order_by": "update_time", "size": PAGE_SIZE, "page": 0}
    return Wish("POST", PATH, start, end, body=body)


def following(wish: Wish, total: Any) -> Wish | None:
    """Return the call for the page after `wish`; None when the window's total is reached."""
    page = (wish.body or {})["page"] + 1
    if page * PAGE_SIZE >= int(total or 0):
        return None
    return replace(wish, body={**(wish.body or {}), "page": page})


def dlt_endpoint(start: int, end: int) -> dict[str, Any]:
    """Return a window as dlt's REST source reads it: up to the first empty page."""
    wish = first(start, end)
    body = {name: value for name, value in (wish.body or {}).items() if name != "page"}
    paginator = {"type": "page_number", "base_page": 0, "page_body_path": "page", "total_path": None}
    return {
        "path": PATH, "method": "POST", "json": body, "data_selector": f"{ROOT}.{ROWS}",
        "paginator": paginator,
    }  # fmt: skip
