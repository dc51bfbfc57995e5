"""The backend's methods: a checked call in, the JSON text of the answer out."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sandbox.gateway.call import START, Call, Cursor, Window
from sandbox.gateway.dialect import Cost, Method
from sandbox.miniprogram.order import order_row
from sandbox.miniprogram.refund import refund_row
from sandbox.miniprogram.request import refusal
from sandbox.miniprogram.shipping import CREATE, create_shipment
from sandbox.miniprogram.stock import SET_STOCK, set_stock
from sandbox.world.model import AfterSale, Order

PREFIX = "/miniprogram/openapi/v1"
ORDERS, ORDER, REFUNDS, REFUND = "orders.list", "orders.get", "refunds.list", "refunds.get"
LONGEST_WINDOW = timedelta(days=31)
PAGE_SIZE = 50
LARGEST_PAGE = 200
LONGEST_EPOCH = 10
SHIPMENTS = re.compile(rf"{PREFIX}/orders/([^/]+)/shipments")


def list_orders(call: Call) -> bytes:
    """Answer `GET /orders`: whole orders, oldest update first; `updated_to` itself is outside.

    Raises:
        RefusalError: 400, a parameter is missing or outside its limits.
    """
    window, cursor, size = _asked(call)
    page = call.orders_by_cursor(window, cursor, size)
    return _page([_order(call, order) for order in page.rows], page.cursor, has_more=page.has_next)


def list_refunds(call: Call) -> bytes:
    """Answer `GET /refunds`: whole after-sales, oldest update first; `updated_to` itself is outside.

    Raises:
        RefusalError: 400, a parameter is missing or outside its limits.
    """
    window, cursor, size = _asked(call)
    page = call.after_sales_by_cursor(window, cursor, size)
    return _page([_refund(call, one) for one in page.rows], page.cursor, has_more=page.has_next)


def one_order(call: Call) -> bytes:
    """Answer `GET /orders/{order_no}`.

    Raises:
        RefusalError: 404, the shop has no such order.
    """
    order_no = record_id(call.incoming.path)
    order = call.order(order_no)
    if order is None:
        raise refusal(404, "order_not_found", f"the order {order_no} does not exist")
    return _order(call, order)


def one_refund(call: Call) -> bytes:
    """Answer `GET /refunds/{refund_no}`.

    Raises:
        RefusalError: 404, the shop has no such after-sale.
    """
    refund_no = record_id(call.incoming.path)
    after_sale = call.after_sale(refund_no)
    if after_sale is None:
        raise refusal(404, "refund_not_found", f"the refund {refund_no} does not exist")
    return _refund(call, after_sale)


def method_of(verb: str, path: str) -> str:
    """Return the name of the method that a path stands for; empty when none does."""
    if verb == "POST" and path == f"{PREFIX}/stock":
        return SET_STOCK
    if verb == "POST" and shipped_order(path):
        return CREATE
    name, _, key = path.removeprefix(f"{PREFIX}/").partition("/")
    if verb != "GET" or not path.startswith(f"{PREFIX}/") or "/" in key:
        return ""
    lists, details = {"orders": ORDERS, "refunds": REFUNDS}, {"orders": ORDER, "refunds": REFUND}
    return (details if key else lists).get(name, "")


def record_id(path: str) -> str:
    """Return the id in the path of one record, or of its shipments; empty for a list."""
    return path.removeprefix(f"{PREFIX}/").partition("/")[2].removesuffix("/shipments")


def shipped_order(path: str) -> str:
    """Return the order whose shipments a path names; empty for every other path."""
    found = SHIPMENTS.fullmatch(path)
    return found[1] if found else ""


def add_shipment(call: Call) -> bytes:
    """Answer `POST /orders/{order_no}/shipments`.

    Raises:
        RefusalError: as `create_shipment`.
    """
    return create_shipment(call, shipped_order(call.incoming.path))


def _order(call: Call, order: Order) -> bytes:
    if call.behavior.noise:
        return compact({**order_row(order), "views": call.noise.randrange(1, 1000)})
    return call.encoded_once(order, lambda changed: compact(order_row(changed)))


def _refund(call: Call, after_sale: AfterSale) -> bytes:
    return compact(refund_row(call.world.orders[after_sale.order_id], after_sale))


def compact(value: Any) -> bytes:
    """Return JSON without blanks, Chinese text in clear."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _page(items: Sequence[bytes], cursor: Cursor, *, has_more: bool) -> bytes:
    tail = {"next_cursor": _cursor_text(cursor) if has_more else None, "has_more": has_more}
    return b'{"items":[' + b",".join(items) + b"]," + compact(tail)[1:]


def _asked(call: Call) -> tuple[Window, Cursor, int]:
    query = call.incoming.query
    start, end = (_number(query.get(name), name) for name in ("updated_from", "updated_to"))
    if not start <= end <= start + int(LONGEST_WINDOW.total_seconds()):
        message = f"updated_to must follow updated_from by at most {LONGEST_WINDOW.days} days"
        raise refusal(400, "window_too_long", message)
    size = _number(query.get("limit", str(PAGE_SIZE)), "limit")
    if not 1 <= size <= LARGEST_PAGE:
        raise refusal(400, "invalid_parameter", f"limit is {size}, 1 to {LARGEST_PAGE} is allowed")
    return (start, end - 1), _cursor(query.get("cursor", "")), size


def _number(text: str | None, name: str) -> int:
    if text is None:
        raise refusal(400, "missing_parameter", f"{name} is missing")
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_EPOCH:
        raise refusal(400, "invalid_parameter", f"{name} is {text!r}, not a whole number")
    return int(text)


def _cursor_text(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(f"{cursor[0]} {cursor[1]}".encode()).decode().rstrip("=")


def _cursor(text: str) -> Cursor:
    if not text:
        return START
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        second, key = raw.split(" ")
        return int(second), key
    except (binascii.Error, UnicodeError, ValueError):
        raise refusal(400, "invalid_cursor", "the cursor is none that this shop gave") from None


METHODS: dict[str, Method] = {
    ORDERS: Method(list_orders, Cost.LIST),
    ORDER: Method(one_order, Cost.DETAIL),
    REFUNDS: Method(list_refunds, Cost.LIST),
    REFUND: Method(one_refund, Cost.DETAIL),
    CREATE: Method(add_shipment),
    SET_STOCK: Method(set_stock),
}
